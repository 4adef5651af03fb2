"""The child processes of `up`: started in sessions of their own, stopped without leaving anybody behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LONGEST_LOG_BYTES = 5 * 1024 * 1024
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a child that lived this long starts again without delay growing further


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command that is to run for as long as `up` does, and where its output goes."""

    name: str
    command: tuple[str, ...]
    log: Path


@dataclass(kw_only=True)
class Child:
    """A program and the process it currently has."""

    program: Program
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    delay_seconds: float = FIRST_DELAY_SECONDS
    due_at: float | None = field(default=None)

    def start(self) -> None:
        """Start the process, its output appended to its log."""
        with open_log(self.program.log) as log:
            self.process = subprocess.Popen(  # noqa: S603 - the command is built by us, never from input
                self.program.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops us in order
                preexec_fn=end_with_parent(os.getpid()),  # safe: the supervisor has one thread
            )
        self.started_at = time.monotonic()
        self.due_at = None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return None if self.process is None else self.process.poll()

    def plan_restart(self) -> float:
        """Sweep up what the dead process left, and say in how many seconds it starts again."""
        self.signal_all(signal.SIGKILL)
        now = time.monotonic()
        if now - self.started_at > STEADY_SECONDS:
            self.delay_seconds = FIRST_DELAY_SECONDS
        delay = self.delay_seconds
        self.delay_seconds = min(delay * 2, LONGEST_DELAY_SECONDS)
        self.due_at = now + delay
        return delay

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and everything it started; nobody there is fine."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def stop(children: Sequence[Child], *, within_seconds: float, hurry: Callable[[], bool]) -> None:
    """End the children, last started first, all within the time; what is left then is killed.

    Processes they started themselves are gone too when this returns.
    """
    for child in reversed(children):
        child.signal_all(signal.SIGTERM)
    deadline = time.monotonic() + within_seconds
    while any(child.process and child.exit_code is None for child in children):
        if time.monotonic() > deadline or hurry():
            break
        time.sleep(0.05)
    for child in reversed(children):
        child.signal_all(signal.SIGKILL)
        if child.process:
            child.process.wait()


def end_with_parent(parent: int) -> Callable[[], None]:
    """What a new process does first so that it gets SIGTERM when the supervisor dies, however it dies.

    Linux only. Elsewhere a SIGKILL of the supervisor leaves the children running; the next `up` ends the
    server that still holds its files, the others are to be ended by hand.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, where loading could deadlock

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return ask_the_kernel


def open_log(path: Path) -> BinaryIO:
    """The log for appending; one that has grown large becomes `.1` first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LONGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def last_lines(path: Path, *, count: int = 12) -> str:
    """The end of a log, for the screen."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace")[-8192:].splitlines()[-count:])
