"""The live stories share one running Curfew; each ends somebody else's access."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.running import RunningCurfew, running_curfew


@pytest.fixture(scope="session")
def curfew() -> Iterator[RunningCurfew]:
    with tempfile.TemporaryDirectory(prefix="curfew-") as folder, running_curfew(Path(folder)) as running:
        yield running
