"""`manage.py up` on a checkout of its own: start, second terminal, faults, stop."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from portal.starting import ports

pytestmark = pytest.mark.slow

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"
ADDRESS = re.compile(r"http://localhost:\d+")
# Two test processes that look for a free port at the same moment must not find the same one.
FIRST_PORT = 18000 + 100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
STOP_SECONDS = 15


class Up:
    """One `manage.py up` in a data folder, as a person would start it on a machine without Redis."""

    def __init__(self, folder, **given):
        self.folder = folder
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "DATA_DIR": str(folder / "data"),
            "PORT": str(ports.free_port(FIRST_PORT)),
            **given,
        }
        self.process = None
        self.said = ""

    def manage(self, *words):
        """The result of another command, in a second terminal."""
        seen = {name: value for name, value in self.environment.items() if name != "PORT"}
        command = [sys.executable, str(MANAGE), *words]
        return subprocess.run(command, env=seen, capture_output=True, text=True, timeout=240, check=False)

    def start(self):
        """Returns once it has said how to stop it."""
        self.process = subprocess.Popen(
            [sys.executable, str(MANAGE), "up"], env=self.environment, stdout=subprocess.PIPE, text=True
        )
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "Ctrl-C stops everything" in line:
                break
        self.said = "".join(said)
        return self

    @property
    def address(self):
        return ADDRESS.search(self.said.partition("answers at")[2])[0]

    @property
    def sample_address(self):
        return ADDRESS.findall(self.said)[-1] + "/"

    def get(self, path):
        return httpx.get(self.address + path, timeout=5)

    def children(self):
        """Process ids of everything below the supervisor."""
        return processes_below(self.process.pid)

    def child(self, words):
        """The process id of the first child with these words in its command line."""
        return next(
            (pid for pid, line in sorted(command_lines(self.children()).items()) if words in line), None
        )

    def stop(self, number=signal.SIGINT):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode


def processes_below(pid):
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = {int(child): int(parent) for child, parent in map(str.split, listing.splitlines())}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def command_lines(pids):
    command = ["ps", "-A", "-o", "pid=,args="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = dict(line.strip().split(maxsplit=1) for line in listing.splitlines())
    return {int(pid): line for pid, line in lines.items() if int(pid) in pids}


def is_ready(up):
    try:
        return up.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def alive(pids):
    """Those that still run; ended ones nobody collected yet do not count."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    states = {int(pid): state for pid, state in map(str.split, listing.splitlines())}
    return {pid for pid in pids if states.get(pid, "Z")[0] != "Z"}


def wait_until(is_so, seconds=20):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def up(tmp_path):
    one = Up(tmp_path)
    yield one
    if one.process is not None and one.process.poll() is None:
        one.stop(signal.SIGTERM)


def test_a_first_start_ends_with_the_portal_answering_and_the_sign_ins_printed(up):
    up.start()

    assert up.get("/healthz").status_code == 200
    assert up.get("/readyz").json()["status"] == "ok"
    assert "hana" in up.said
    assert "ines" in up.said


def test_ctrl_c_stops_every_child(up):
    children = up.start().children()

    code = up.stop()

    assert code == 0
    assert len(children) >= 4
    assert alive(children) == set()


def test_no_child_outlives_a_killed_supervisor(up):
    children = up.start().children()

    up.process.kill()
    up.process.communicate()

    wait_until(lambda: not alive(children))


def test_a_second_start_keeps_the_data_and_takes_seconds(up):
    up.start()
    secret = (up.folder / "data" / "secrets.env").read_text()
    up.stop()

    began = time.monotonic()
    up.start()

    assert time.monotonic() - began < 20
    assert "Loading the demo company" not in up.said
    assert (up.folder / "data" / "secrets.env").read_text() == secret


def test_a_second_up_in_the_same_folder_says_where_the_first_is(up):
    up.start()

    second = up.manage("up")

    assert second.returncode == 1
    assert f"already running at {up.address}" in second.stderr


def test_a_taken_port_is_stepped_over_and_said(up):
    with socket.create_server(("127.0.0.1", int(up.environment["PORT"]))):
        up.start()

    assert f"Port {up.environment['PORT']} is taken" in up.said
    assert up.get("/healthz").status_code == 200


@pytest.mark.parametrize("words", ["manage.py clock", "granian", "-server "])
def test_a_child_that_dies_is_started_again(up, words):
    up.start()
    victim = up.child(words)

    os.kill(victim, signal.SIGKILL)

    wait_until(lambda: up.child(words) not in {victim, None} and is_ready(up))


def test_a_second_terminal_ends_access_and_the_sample_service_refuses(up):
    up.start()
    token = up.manage("demo", "token", "ines").stdout.splitlines()[-1]
    sample, headers = up.sample_address, {"Authorization": f"Bearer {token}"}

    before = httpx.get(sample, headers=headers)
    revoked = up.manage("revoke", "--user", "ines", "--reason", "offboarding")
    after = httpx.get(sample, headers=headers)

    assert before.status_code == 200
    assert revoked.returncode == 0, revoked.stderr
    assert after.status_code == 401


def test_an_installation_without_a_name_is_told_so_in_a_sentence(tmp_path):
    result = Up(tmp_path, SECRET_KEY="s" * 50).manage("up")

    assert result.returncode == 2
    assert "CURFEW_ENV must be set" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_server_that_may_forget_is_refused_with_the_reason(tmp_path, redis_server):
    with redis_server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            result = Up(tmp_path, REDIS_URL=redis_server.url).manage("up")
        finally:
            client.config_set("maxmemory-policy", "noeviction")

    assert result.returncode == 1
    assert "noeviction" in result.stderr
