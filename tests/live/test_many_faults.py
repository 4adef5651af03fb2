"""What goes wrong half-way through the access of 500 people: nobody is skipped or counted twice. Real processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.live.running import ROOT, RunningCurfew, eventually
from tests.live.test_faults import blacklist_of

pytestmark = pytest.mark.slow

PEOPLE, SESSIONS = 500, 2

CROWD = """
from datetime import timedelta
from uuid import uuid4
from django.utils import timezone
from sessions_app.models import Group, Identity, Issuer, Membership, Session, User

now, issuer = timezone.now(), Issuer.objects.select_related("realm").first()
group = Group.objects.create(name="{name}")
people = User.objects.bulk_create(
    [User(username=f"{name}-{{n}}", display_name=f"{name} {{n}}") for n in range({people})]
)
Membership.objects.bulk_create([Membership(user=user, group=group) for user in people])
identities = Identity.objects.bulk_create([
    Identity(user=user, realm=issuer.realm, person_id=f"x-{{user.username}}") for user in people
])
Session.objects.bulk_create([
    Session(user=each.user, identity=each, realm=issuer.realm, issuer=issuer, sid=uuid4().hex,
            began_at=now - timedelta(hours=1), last_used_at=now, expires_at=now + timedelta(hours=8))
    for each in identities for _ in range({sessions})
])
"""

NO_TIERS = """
from audit.initiators import the_shell
from sessions_app.changes.policies import change_policy

change_policy(
    {"people_alone": 10_000, "staff_percent_alone": 100, "sessions_alone": 100_000}, by=the_shell()
)
"""

DECIDES = """
from django.db import transaction
from django.utils import timezone
from audit.initiators import the_shell
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import decide
from sessions_app.revocation.orders import OneGroup, Order

scope, now = OneGroup(name="{name}"), timezone.now()
with transaction.atomic():
    decide(Order(initiator=the_shell(), reason=Reason.ROLE_CHANGE, scope=scope, received_at=now))
"""


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """A group of 500 people with two sessions each, and what the database says of its end."""

    name: str
    curfew: RunningCurfew

    def ask(self, question: str) -> list[tuple[int, ...]]:
        """Of this crowd's revocation, which is `r`."""
        database = f"file:{self.curfew.folder / 'curfew.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(database, uri=True, timeout=20)) as connection:
            return list(connection.execute(question, (self.name,)))

    def done(self) -> int:
        """How many of its people are ended by name."""
        ((count,),) = self.ask(
            "SELECT count(*) FROM sessions_app_revocationtarget t JOIN sessions_app_revocation r "
            "ON r.id = t.revocation_id WHERE r.subject = ? AND t.ended_at IS NOT NULL"
        )
        return count

    def is_half_way(self) -> bool:
        return self.done() > 0

    def is_cut_off(self) -> bool:
        found = self.ask(
            "SELECT 1 FROM sessions_app_revocation r WHERE subject = ? AND cut_off_at IS NOT NULL"
        )
        return bool(found)

    def numbers(self) -> dict[str, int]:
        """Everything that is counted somewhere, each of which must say the same."""
        (revocation,) = self.ask(
            "SELECT sum(t.sessions_ended), max(r.sessions_ended), count(*), count(DISTINCT t.user_id), "
            "count(t.ended_at) "
            "FROM sessions_app_revocation r JOIN sessions_app_revocationtarget t ON r.id = t.revocation_id "
            "WHERE r.subject = ?"
        )
        (endings,) = self.ask(
            "SELECT count(*), count(DISTINCT e.session_id) FROM sessions_app_endedsession e "
            "JOIN sessions_app_revocation r ON r.id = e.revocation_id WHERE r.subject = ?"
        )
        (recorded,) = self.ask(
            "SELECT count(*), count(DISTINCT a.person_id), sum(a.sessions_ended) FROM audit_auditentry a "
            "JOIN sessions_app_revocation r ON r.receipt = a.receipt WHERE r.subject = ? AND a.event_code = 'RV-105'"
        )
        (unpublished,) = self.ask(
            "SELECT count(*) FROM sessions_app_blacklistentry b JOIN sessions_app_revocationtarget t "
            "ON t.user_id = b.user_id JOIN sessions_app_revocation r ON r.id = t.revocation_id "
            "WHERE r.subject = ? AND b.published_revision < b.revision"
        )
        names = (
            "by person",
            "in all",
            "people",
            "different people",
            "finished",
            "endings",
            "different endings",
        )
        names += ("entries", "people of entries", "sessions of entries", "unpublished")
        return dict(zip(names, (*revocation, *endings, *recorded, *unpublished), strict=True))


EXACT = {
    "by person": PEOPLE * SESSIONS,
    "in all": PEOPLE * SESSIONS,
    "people": PEOPLE,
    "different people": PEOPLE,
    "finished": PEOPLE,
    "endings": PEOPLE * SESSIONS,
    "different endings": PEOPLE * SESSIONS,
    "entries": PEOPLE,
    "people of entries": PEOPLE,
    "sessions of entries": PEOPLE * SESSIONS,
    "unpublished": 0,
}


@pytest.fixture
def crowd(curfew: RunningCurfew, request: pytest.FixtureRequest) -> Crowd:
    name = request.node.name.removeprefix("test_")[:40]
    curfew.manage("shell", "-c", CROWD.format(name=name, people=PEOPLE, sessions=SESSIONS))
    return Crowd(name=name, curfew=curfew)


def processes_of(curfew: RunningCurfew, *words: str) -> Iterator[int]:
    """Our own processes whose command line has all these words."""
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            is_ours = str(curfew.folder).encode() in (entry / "environ").read_bytes()
        except OSError:
            continue
        if is_ours and all(word in command for word in words):
            yield int(entry.name)


def kill(curfew: RunningCurfew, *words: str) -> int:
    killed = list(processes_of(curfew, *words))
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return len(killed)


def test_killed_command(curfew: RunningCurfew, crowd: Crowd):
    # Given a command that ends all of them.
    command = subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "revoke", "--group", crowd.name, "--reason", "role_change"],
        env=curfew.environment(),
    )

    # When it is killed half-way.
    assert eventually(crowd.is_half_way, within_seconds=60)
    command.kill()
    command.wait()

    # Then the clock finishes it, with exact numbers.
    assert eventually(crowd.is_cut_off, within_seconds=120)
    assert crowd.numbers() == EXACT


def test_killed_web_process(curfew: RunningCurfew, crowd: Crowd):
    # Given a machine that may order it alone, whose request a web process is carrying out.
    curfew.manage("shell", "-c", NO_TIERS)
    secret = curfew.manage("credential", "create", crowd.name, "--scope", "revocations:many").split()[-1]
    order = Thread(target=ordered, args=(curfew, crowd.name, secret), daemon=True)
    order.start()

    # When that process is killed half-way.
    assert eventually(crowd.is_half_way, within_seconds=60)
    assert kill(curfew, "granian", str(curfew.port)) > 0
    order.join(timeout=60)

    # Then the clock finishes it, with exact numbers.
    assert eventually(crowd.is_cut_off, within_seconds=120)
    assert crowd.numbers() == EXACT


def ordered(curfew: RunningCurfew, group: str, secret: str) -> None:
    try:
        httpx.post(
            f"{curfew.address}/api/v1/groups/{group}/revocations",
            json={"reason": "role_change"},
            headers={"Authorization": f"Bearer {secret}"},
            timeout=60,
        )
    except httpx.TransportError:
        return  # its process was killed


def test_killed_clock(curfew: RunningCurfew, crowd: Crowd):
    # Given a decision that nobody but the clock carries out.
    curfew.manage("shell", "-c", DECIDES.format(name=crowd.name))

    # When the clock is killed half-way.
    assert eventually(crowd.is_half_way, within_seconds=60)
    assert kill(curfew, "manage.py", "clock") > 0

    # Then the next one finishes it, with exact numbers.
    assert eventually(crowd.is_cut_off, within_seconds=120)
    assert crowd.numbers() == EXACT


def test_flushed_blacklist(curfew: RunningCurfew, crowd: Crowd):
    curfew.manage("shell", "-c", DECIDES.format(name=crowd.name))
    assert eventually(crowd.is_half_way, within_seconds=60)

    with blacklist_of(curfew) as redis:
        redis.flushall()

    assert eventually(crowd.is_cut_off, within_seconds=120)
    assert crowd.numbers() == EXACT
    with blacklist_of(curfew) as redis:
        assert eventually(lambda: redis.dbsize() >= PEOPLE * (1 + SESSIONS), within_seconds=30)


def test_frozen_blacklist(curfew: RunningCurfew, crowd: Crowd):
    curfew.manage("shell", "-c", DECIDES.format(name=crowd.name))
    assert eventually(crowd.is_half_way, within_seconds=60)

    with curfew.frozen_redis():
        # Everything is decided in SQL all the same, and nobody says cut off.
        assert eventually(lambda: crowd.done() == PEOPLE, within_seconds=120)
        assert not crowd.is_cut_off()

    assert eventually(crowd.is_cut_off, within_seconds=120)
    assert crowd.numbers() == EXACT
