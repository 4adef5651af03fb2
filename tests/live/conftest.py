"""The live stories share one running Curfew; each ends somebody else's access."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.nginx import RunningNginx, running_nginx
from tests.live.running import RunningCurfew, running_curfew


def needs(program: str) -> None:
    """Skip without the program, or fail where CI promised to have installed it."""
    if shutil.which(program):
        return
    if os.environ.get("CURFEW_REQUIRE_SERVICES"):
        pytest.fail(f"{program} is not installed, and CURFEW_REQUIRE_SERVICES says it must be")
    pytest.skip(f"{program} is not installed")


@pytest.fixture(scope="session")
def curfew() -> Iterator[RunningCurfew]:
    with tempfile.TemporaryDirectory(prefix="curfew-") as folder, running_curfew(Path(folder)) as running:
        yield running


@pytest.fixture(scope="session")
def nginx(curfew: RunningCurfew) -> Iterator[RunningNginx]:
    needs("nginx")
    with running_nginx(curfew) as running:
        yield running
