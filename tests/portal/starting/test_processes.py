"""Children of `up`: they restart, they stop, and none is left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from portal.starting.processes import Child, Program, last_lines, open_log, stop

FOREVER = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('on', flush=True); time.sleep(60)"
)
WITH_A_CHILD = (
    "import subprocess, sys, time;"
    f"grandchild = subprocess.Popen([sys.executable, '-c', {FOREVER!r}]);"
    "print(grandchild.pid, flush=True); time.sleep(60)"
)


def never():
    return False


@pytest.fixture
def child(tmp_path):
    """Builds a child from Python source; whatever it became is gone after the test."""
    made = []

    def build(source):
        program = Program(name="one", command=(sys.executable, "-c", source), log=tmp_path / "one.log")
        made.append(Child(program=program, environment=dict(os.environ)))
        made[-1].start()
        return made[-1]

    yield build
    stop(made, within_seconds=0, hurry=never)


def wait_until(is_so, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid):
    """A process that ended but was not collected yet counts as gone."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in {"", "Z"}


def test_output_goes_to_the_log(child):
    one = child("print('hello from the child')")

    wait_until(lambda: one.exit_code == 0)

    assert last_lines(one.program.log) == "hello from the child"


def test_a_stopped_child_is_gone(child):
    one = child(FOREVER)

    stop([one], within_seconds=5, hurry=never)

    assert one.exit_code == -signal.SIGTERM


def test_a_child_that_ignores_the_request_is_killed(child):
    one = child(STUBBORN)
    wait_until(lambda: last_lines(one.program.log) == "on")

    stop([one], within_seconds=0.2, hurry=never)

    assert one.exit_code == -signal.SIGKILL


def test_a_second_request_does_not_wait(child):
    one = child(STUBBORN)
    wait_until(lambda: last_lines(one.program.log) == "on")

    stop([one], within_seconds=60, hurry=lambda: True)

    assert one.exit_code == -signal.SIGKILL


def test_what_a_child_started_ends_with_it(child):
    one = child(WITH_A_CHILD)
    wait_until(lambda: last_lines(one.program.log) != "")
    grandchild = int(last_lines(one.program.log))

    stop([one], within_seconds=5, hurry=never)

    wait_until(lambda: not is_alive(grandchild))


def test_restarts_come_later_each_time(child):
    one = child("raise SystemExit(3)")
    wait_until(lambda: one.exit_code == 3)

    assert [one.plan_restart() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_child_that_lived_long_restarts_at_once_again(child, monkeypatch):
    one = child("raise SystemExit(3)")
    wait_until(lambda: one.exit_code == 3)
    one.plan_restart()
    one.started_at -= 120

    assert one.plan_restart() == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_children_end_even_when_the_supervisor_is_killed(tmp_path):
    source = (
        "import sys, time, os; from pathlib import Path; from portal.starting.processes import Child, Program;"
        f"p = Program(name='one', command=(sys.executable, '-c', {FOREVER!r}), log=Path(sys.argv[1]));"
        "c = Child(program=p, environment=dict(os.environ)); c.start();"
        "print(c.process.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", source, str(tmp_path / "one.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        pid = int(supervisor.stdout.readline())
        supervisor.kill()

    wait_until(lambda: not is_alive(pid))


def test_a_log_that_grew_large_is_put_aside(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (6 * 1024 * 1024))

    open_log(log).close()

    assert log.stat().st_size == 0
    assert (tmp_path / "web.log.1").stat().st_size == 6 * 1024 * 1024
