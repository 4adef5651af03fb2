"""A whole Curfew of this test run's own, started the way a person starts it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
STARTS_WITHIN_SECONDS = 180
ADDRESS = re.compile(r"Curfew answers at (http://localhost:\d+)")
SAMPLE = re.compile(r"(http://localhost:\d+)/\s*$", re.MULTILINE)
DASHBOARD = re.compile(r"^\s+(http://127\.0\.0\.1:\d+)/$", re.MULTILINE)
PASSWORD = re.compile(r"^\s+hana\s+(\S+)\s", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class RunningCurfew:
    """Where it answers, and how to talk to it as a person at a terminal or in a browser would."""

    folder: Path
    address: str
    sample: str
    dashboard: str
    password: str

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def environment(self) -> dict[str, str]:
        """What a second terminal in this folder would see."""
        return _environment(self.folder)

    def manage(self, *words: str) -> str:
        """Standard output of `manage.py ...` in a second terminal."""
        done = self.manage_and_fail(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def manage_and_fail(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same for a command whose exit code is the point."""
        return subprocess.run(
            [sys.executable, ROOT / "manage.py", *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def token(self, name: str, *options: str) -> str:
        return self.manage("demo", "token", name, *options).strip().splitlines()[-1]

    @contextmanager
    def sign_in(self, name: str) -> Iterator[httpx.Client]:
        """A client without JavaScript, signed in by the form."""
        with httpx.Client(base_url=self.address, follow_redirects=True, timeout=10) as client:
            page = client.get("/accounts/login/")
            answer = client.post(
                "/accounts/login/",
                data={"login": name, "password": self.password, "csrfmiddlewaretoken": csrf_token(page.text)},
            )
            assert "/accounts/login/" not in str(answer.url), answer.text
            yield client

    def redis_pid(self) -> int:
        """The process that holds the blacklist, found by its socket folder in the process table."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._is_our_redis(entry):
                return int(entry.name)
        raise AssertionError("no Redis server of this run was found")

    def _is_our_redis(self, entry: Path) -> bool:
        try:
            program = (entry / "cmdline").read_bytes().decode(errors="replace")
            return "server" in program.split(":")[0] and str(self.folder) in os.readlink(entry / "cwd")
        except OSError:
            return False

    @contextmanager
    def frozen_redis(self) -> Iterator[None]:
        pid = self.redis_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


def needs(*programs: str) -> str:
    """The first of these programs that is installed. Without any: skip, or fail where CI promised one."""
    found = next((path for path in map(shutil.which, programs) if path), None)
    if found:
        return found
    sentence = f"{' or '.join(programs)} is not installed"
    if os.environ.get("CURFEW_REQUIRE_SERVICES"):
        pytest.fail(f"{sentence}, and CURFEW_REQUIRE_SERVICES says it must be")
    pytest.skip(sentence)


def csrf_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found[1]


def eventually(look: Callable[[], bool], *, within_seconds: float = 15) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + within_seconds
    while not look():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _environment(folder: Path) -> dict[str, str]:
    """Ours, without what tells a child that it belongs to a test."""
    dropped = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"}
    return {name: value for name, value in os.environ.items() if name not in dropped} | {
        "DATA_DIR": str(folder)
    }


def _first_port() -> int:
    """Of each test process another: two servers that start at once may both get what they found free."""
    return 8300 + os.getpid() % 1000 * 8


@contextmanager
def running_curfew(folder: Path) -> Iterator[RunningCurfew]:
    """`manage.py up` in a folder of its own, stopped by Ctrl-C's signal at the end."""
    log = folder / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "up"],
            env=_environment(folder)
            | {"PORT": str(_first_port()), "PYTHONUNBUFFERED": "1", "TRUSTED_PROXIES": "127.0.0.1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _once_announced(process, log, folder)
    finally:
        ended_by_itself = process.poll() is not None
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert not ended_by_itself, _last_words(folder)


def _last_words(folder: Path) -> str:
    """What a Curfew that ended on its own had to say, before its folder goes."""
    logs = [folder / "up.log", *sorted((folder / "logs").glob("*.log"))]
    return "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in logs)


def _once_announced(process: subprocess.Popen[bytes], log: Path, folder: Path) -> RunningCurfew:
    done = eventually(
        lambda: "Ctrl-C stops everything" in log.read_text() or process.poll() is not None,
        within_seconds=STARTS_WITHIN_SECONDS,
    )
    said = log.read_text()
    patterns = (ADDRESS, SAMPLE, DASHBOARD, PASSWORD)
    address, sample, dashboard, password = (pattern.search(said) for pattern in patterns)
    assert done, said
    assert address, said
    assert sample, said
    assert dashboard, said
    assert password, said
    return RunningCurfew(
        folder=folder, address=address[1], sample=sample[1], dashboard=dashboard[1], password=password[1]
    )


def reason_in(answer: httpx.Response) -> str:
    """The reason class of a refusal, from its problem document."""
    return str(json.loads(answer.text)["reason"])
