"""Ending the access of many at once: cost per person and per session, memory, and whoever is in a hurry meanwhile."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from audit.initiators import the_shell
from sessions_app.models import (
    BlacklistState,
    Group,
    Identity,
    Issuer,
    Membership,
    Revocation,
    Session,
    User,
)
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneGroup, OneUser, Order, Scope, SomeSessions
from tests.bench.scratch import keeping_time
from tests.bench.timing import quantile
from tests.factories import an_issuer

URGENT = 10
STALE_SECONDS = 5.0  # after which guards call a marker stale


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """One order about many: seconds until it was cut off, and MiB the process grew by at its peak."""

    people: int
    sessions: int
    seconds: float
    grown_mib: float

    def row(self, name: str) -> str:
        per_person, per_session = self.seconds / self.people * 1000, self.seconds / self.sessions * 1000
        return (
            f"{name:<42} {self.seconds:>9.2f} {per_person:>11.2f} {per_session:>12.3f} {self.grown_mib:>9.0f}"
        )


def measure(*, people: int = 1000, each: int = 100) -> str:
    issuer = an_issuer()
    for size, sessions in ((200, 5), (people, each)):
        a_crowd(f"crowd-{size}", issuer, people=size, sessions=sessions)
    a_crowd("urgent", issuer, people=3 * URGENT, sessions=5)
    a_crowd("selected", issuer, people=1000, sessions=5)
    with keeping_time():
        small = ended(OneGroup(name="crowd-200"))
        idle = [latency_of(user) for user in urgent()[:URGENT]]
        stop, ages = Event(), []
        Thread(target=watch_heartbeat, args=(stop, ages), daemon=True).start()
        busy: list[float] = []
        large = ended(
            OneGroup(name=f"crowd-{people}"),
            meanwhile=lambda: busy.extend(in_the_middle(urgent()[URGENT : 2 * URGENT])),
        )
        stop.set()
        chosen: list[float] = []
        selection = ended(
            SomeSessions.of(open_of("selected")),
            meanwhile=lambda: chosen.extend(in_the_middle(urgent()[2 * URGENT :])),
        )
    return "\n".join(
        [
            f"Many people at once, {connection.vendor} (received to cut off and read back)",
            f"{'':<42} {'seconds':>9} {'ms a person':>11} {'ms a session':>12} {'more MiB':>9}",
            small.row("a group of 200 with 5 sessions each"),
            large.row(f"a group of {people} with {each} sessions each"),
            selection.row("a selection of 5,000 sessions of 1,000"),
            told("one person terminated while nothing runs", idle, idle),
            told(f"the same in the middle of the group of {people}", busy, idle),
            told("the same in the middle of the selection", chosen, idle),
            f"{'oldest marker seen meanwhile':<42} {max(ages):>9.2f} seconds ({STALE_SECONDS:.0f} are too many)",
        ]
    )


def told(name: str, seconds: list[float], idle: list[float]) -> str:
    p50, worst = quantile(seconds, 0.5), max(seconds)
    ratio = p50 / quantile(idle, 0.5)
    return f"{name:<42} {p50:>9.3f} seconds, at worst {worst:.3f} ({ratio:.1f} x idle)"


def ended(scope: Scope, *, meanwhile: Callable[[], None] = lambda: None) -> Bulk:
    """Ordered as from a page; what ten seconds are not enough for is the clock's, as in real life."""
    before = peak_mib()
    beside = Thread(target=meanwhile)
    beside.start()
    revocation = revoke(an_order(scope, Reason.OTHER))
    while not is_cut_off(revocation):
        time.sleep(0.05)
    beside.join()
    return Bulk(
        people=revocation.targets.count(),
        sessions=revocation.sessions_ended,
        seconds=revocation.seconds_to_cut_off or 0.0,
        grown_mib=peak_mib() - before,
    )


def is_cut_off(revocation: Revocation) -> bool:
    revocation.refresh_from_db()
    return revocation.cut_off_at is not None


def in_the_middle(people: list[User]) -> list[float]:
    """One after the other, with a pause between."""
    taken = []
    for user in people:
        time.sleep(0.3)
        taken.append(latency_of(user))
    connection.close()
    return taken


def latency_of(user: User) -> float:
    revocation = revoke(an_order(OneUser(user_id=user.pk), Reason.OFFBOARDING))
    assert revocation.seconds_to_cut_off is not None, "every urgent one must be cut off before it answers"
    return revocation.seconds_to_cut_off


def an_order(scope: Scope, reason: Reason) -> Order:
    return Order(
        initiator=the_shell(),
        reason=reason,
        scope=scope,
        received_at=timezone.now(),
        note="measured by make bench",
    )


def watch_heartbeat(stop: Event, ages: list[float]) -> None:
    while not stop.wait(0.1):
        beat_at = BlacklistState.current().beat_at
        ages.append((timezone.now() - beat_at).total_seconds() if beat_at else 0.0)
    connection.close()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- The scene --------------------------------------------------------------------------------------


def a_crowd(name: str, issuer: Issuer, *, people: int, sessions: int) -> None:
    """So many people in a group of this name, each with so many open sessions."""
    group = Group.objects.create(name=name)
    users = User.objects.bulk_create(
        [User(username=f"{name}-{number}", display_name=f"{name} {number}") for number in range(people)],
        batch_size=500,
    )
    Membership.objects.bulk_create([Membership(user=user, group=group) for user in users], batch_size=500)
    identities = Identity.objects.bulk_create(
        [Identity(user=user, realm=issuer.realm, person_id=f"nw-{user.username}") for user in users],
        batch_size=500,
    )
    for start in range(0, people, 100):
        Session.objects.bulk_create(
            [
                a_session(identity, issuer)
                for identity in identities[start : start + 100]
                for _number in range(sessions)
            ],
            batch_size=500,
        )


def a_session(identity: Identity, issuer: Issuer) -> Session:
    now = timezone.now()
    return Session(
        user_id=identity.user_id,
        identity=identity,
        realm=issuer.realm,
        issuer=issuer,
        sid=uuid4().hex,
        began_at=now - timedelta(hours=1),
        last_used_at=now - timedelta(minutes=3),
        expires_at=now + timedelta(hours=8),
    )


def urgent() -> list[User]:
    return list(User.objects.filter(memberships__group__name="urgent").order_by("pk"))


def open_of(group: str) -> list[UUID]:
    theirs = Session.objects.filter(user__memberships__group__name=group).open()
    return list(theirs.values_list("pk", flat=True))
