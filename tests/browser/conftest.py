"""What every browser test stands on. Without Playwright (`make test` on a bare machine) none of them is even read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.running import RunningCurfew, needs, running_curfew

if TYPE_CHECKING:
    from tests.browser.chromium import Visitors

collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]


@pytest.fixture(scope="session")
def curfew() -> Iterator[RunningCurfew]:
    with tempfile.TemporaryDirectory(prefix="curfew-") as folder, running_curfew(Path(folder)) as running:
        yield running


@pytest.fixture(scope="session")
def _visitors(curfew: RunningCurfew) -> Iterator[Visitors]:
    from tests.browser.chromium import PROGRAMS, Visitors, running_chromium  # needs Playwright

    with running_chromium(needs(*PROGRAMS)) as browser:
        yield Visitors(browser=browser, curfew=curfew)


@pytest.fixture
def visitors(_visitors: Visitors) -> Iterator[Visitors]:
    """Everybody at the portal. A test during which any of their browsers complained has failed."""
    _visitors.troubles.clear()
    yield _visitors
    assert _visitors.troubles == []
