"""What goes wrong while the product runs, and that it comes right without a hand. On real processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import httpx
import pytest
from redis import Redis

from tests.live.running import ROOT, RunningCurfew, eventually

pytestmark = pytest.mark.slow

DIES_BEFORE_PUBLISHING = """
import os, signal
from django.utils import timezone
from audit.initiators import the_shell
from sessions_app.models import User
from sessions_app.models.reasons import Reason
from sessions_app.revocation import publishing
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order

publishing.publish_person = lambda *people: os.kill(os.getpid(), signal.SIGKILL)
scope = OneUser(user_id=User.objects.get(username="%s").pk)
revoke(Order(initiator=the_shell(), reason=Reason.OFFBOARDING, scope=scope, received_at=timezone.now()))
"""


def status_of(curfew: RunningCurfew, token: str) -> int:
    answer = httpx.get(f"{curfew.address}/verdict", headers={"Authorization": f"Bearer {token}"}, timeout=5)
    return answer.status_code


def statuses_while(curfew: RunningCurfew, token: str, *, seconds: float) -> set[int]:
    """Every status that was seen when asking without a pause."""
    until = time.monotonic() + seconds
    seen = set()
    while time.monotonic() < until:
        seen.add(status_of(curfew, token))
    return seen


def terminate(curfew: RunningCurfew, name: str) -> None:
    curfew.manage("revoke", "--user", name, "--reason", "offboarding")


def blacklist_of(curfew: RunningCurfew) -> Redis:
    (address,) = [
        line.partition("=")[2].strip("\"'")
        for line in (curfew.folder / "running.env").read_text().splitlines()
        if line.startswith("REDIS_URL=")
    ]
    return Redis.from_url(address)


def test_a_process_killed_between_decision_and_publishing_is_finished_by_the_clock(curfew):
    token = curfew.token("bruno")
    environment = curfew.environment()

    died = subprocess.run(
        [sys.executable, ROOT / "manage.py", "shell", "-c", DIES_BEFORE_PUBLISHING % "bruno"],
        env=environment,
        capture_output=True,
        timeout=60,
    )

    assert died.returncode == -signal.SIGKILL
    assert eventually(lambda: status_of(curfew, token) == 401, within_seconds=10)


def test_a_flushed_server_lets_nobody_in_who_was_ended_and_everybody_else_again(curfew):
    ended, others = curfew.token("elena"), curfew.token("otto")
    terminate(curfew, "elena")

    with blacklist_of(curfew) as redis:
        redis.flushall()
    seen = statuses_while(curfew, ended, seconds=6)

    assert seen <= {401, 503}
    assert status_of(curfew, ended) == 401
    assert eventually(lambda: status_of(curfew, others) == 204)


def test_a_server_that_comes_back_empty_lets_nobody_in_who_was_ended(curfew):
    ended, others = curfew.token("sofia"), curfew.token("otto")
    terminate(curfew, "sofia")
    pid = curfew.redis_pid()
    files = os.readlink(f"/proc/{pid}/cwd")

    os.kill(pid, signal.SIGKILL)
    shutil.rmtree(f"{files}/appendonlydir")
    seen = statuses_while(curfew, ended, seconds=8)

    assert seen <= {401, 503}
    assert eventually(lambda: status_of(curfew, ended) == 401)
    assert eventually(lambda: status_of(curfew, others) == 204)


def test_a_server_out_of_memory_takes_the_decision_later_and_nobody_says_cut_off(curfew):
    token = curfew.token("diego")
    with blacklist_of(curfew) as redis:
        redis.config_set("maxmemory", "1")
        said = curfew.manage_and_fail("revoke", "--user", "diego", "--reason", "offboarding")
        redis.config_set("maxmemory", "0")

    assert said.returncode == 3
    assert eventually(lambda: status_of(curfew, token) == 401, within_seconds=10)


def test_a_killed_web_process_comes_back_by_itself(curfew):
    token = curfew.token("otto")
    subprocess.run(["pkill", "-9", "-f", f"granian.*--port {curfew.port} "], check=False)

    def answers() -> bool:
        try:
            return status_of(curfew, token) == 204
        except httpx.TransportError:
            return False

    assert eventually(answers, within_seconds=30)
