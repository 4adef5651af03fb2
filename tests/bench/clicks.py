"""From the click to cut off: one person with 50 sessions."""

from __future__ import annotations

from django.utils import timezone

from audit.initiators import the_shell
from sessions_app.models import Revocation, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.bench.scratch import keeping_time
from tests.bench.timing import quantile
from tests.factories import a_person, an_issuer, open_session

PEOPLE, SESSIONS = 30, 50


def measure() -> str:
    an_issuer()
    with keeping_time():
        for number in range(PEOPLE):
            terminate(a_person_with_sessions(number))
    clocks = [one.seconds_to_cut_off or 0.0 for one in Revocation.objects.exclude(cut_off_at=None)]
    assert len(clocks) == PEOPLE, "every click must have been cut off before it answered"
    p50, p99 = (quantile(clocks, share) * 1000 for share in (0.5, 0.99))
    return (
        f"Click to cut off, one person with {SESSIONS} sessions, {PEOPLE} times (received to read back)\n"
        f"{'milliseconds':<42} {'p50':>9} {'p99':>9}\n{'':<42} {p50:>9.0f} {p99:>9.0f}"
    )


def a_person_with_sessions(number: int) -> User:
    person = a_person(f"bench-{number}")
    for _ in range(SESSIONS):
        open_session(person)
    return person


def terminate(person: User) -> None:
    scope = OneUser(user_id=person.pk)
    revoke(Order(initiator=the_shell(), reason=Reason.OFFBOARDING, scope=scope, received_at=timezone.now()))
