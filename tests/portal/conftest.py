"""What the tests of pages share."""

import pytest
from pytest_django import Settings


@pytest.fixture
def in_demo(settings: Settings) -> None:
    """The second factor is another test's matter."""
    settings.DEMO = True
