"""An order about many people beside everything else that happens to the same people at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audit.initiators import the_clock, the_shell
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.naming import Place
from sessions_app.changes.role_changes import Wish, groups_changed
from sessions_app.models import EndedSession, Issuer, Revocation, Session, User
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import RevocationState
from sessions_app.revocation import many
from sessions_app.revocation.engine import decide, revoke
from sessions_app.revocation.orders import OneGroup, OneUser, Order, Scope, SeveralPeople
from sessions_app.sightings.facts import SignInFacts
from sessions_app.sightings.reported import report_sign_in
from tests.factories import ISS, a_group, a_machine, a_person, open_session, token_for, verdict_on

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("open_gate"),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="threads of one test process share SQLite's tables in memory"
    ),
]

PEOPLE, SESSIONS = 24, 3


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """A group of people with three sessions each, ended in many small lots."""
    monkeypatch.setattr(many, "CUT_OFF_AT_ONCE", 4)
    monkeypatch.setattr(many, "ENDED_AT_ONCE", 3)
    people = [a_person(f"p{number:02}") for number in range(PEOPLE)]
    a_group("crowd", *people)
    [open_session(user) for user in people * SESSIONS]
    return people


def an_order(scope: Scope, *, reason: Reason = Reason.ROLE_CHANGE, order_key: str = "") -> Order:
    return Order(
        initiator=the_shell(), reason=reason, scope=scope, received_at=timezone.now(), order_key=order_key
    )


def all_at_once(*work: Callable[[], object]) -> list[object]:
    """Each in a thread of its own; what one raises is raised here."""

    def done(one: Callable[[], object]) -> object:
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(work)) as pool:
        return list(pool.map(done, work))


def decided(scope: Scope) -> Revocation:
    with transaction.atomic():
        return decide(an_order(scope))


def is_refused(session: Session) -> bool:
    return verdict_on(token_for(session.user, session)).outcome is Outcome.REVOKED


def test_several_runs_on_one_decision_end_everybody_once(crowd: list[User]):
    revocation = decided(OneGroup(name="crowd"))

    all_at_once(*[lambda: many.carry_on(Revocation.objects.get(), by=the_clock())] * 4)

    revocation.refresh_from_db()
    entries = AuditEntry.objects.filter(event_code="RV-105")
    assert revocation.state == RevocationState.CUT_OFF
    assert revocation.sessions_ended == PEOPLE * SESSIONS
    assert EndedSession.objects.count() == PEOPLE * SESSIONS
    assert sorted(entries.values_list("person_id", flat=True)) == sorted(user.pk for user in crowd)
    assert AuditEntry.objects.filter(event_code="RV-110").count() == 1


def test_the_same_click_at_the_same_moment_is_one_order(crowd: list[User]):
    order = an_order(SeveralPeople.of(user.pk for user in crowd), order_key="clicked")

    found = all_at_once(*[lambda: revoke(order).receipt] * 4)

    assert len(set(found)) == 1
    assert Revocation.objects.count() == 1


def test_whatever_else_happens_to_them_nothing_fails_and_every_old_session_is_refused(
    crowd: list[User], issuer: Issuer
):
    # Given an order about all of them.
    old = list(Session.objects.select_related("user"))
    revocation = decided(OneGroup(name="crowd"))
    others = a_group("others")

    # When, while it is carried out twice at once, some of them are terminated, sign in, and change groups.
    all_at_once(
        lambda: many.carry_on(Revocation.objects.get(pk=revocation.pk), by=the_clock()),
        lambda: many.carry_on(Revocation.objects.get(pk=revocation.pk), by=the_clock()),
        lambda: [
            revoke(an_order(OneUser(user_id=user.pk), reason=Reason.OFFBOARDING)) for user in crowd[::3]
        ],
        lambda: [sign_in(user) for user in reversed(crowd)],
        lambda: [join(user, others.name) for user in crowd[1::2]],
    )

    # Then every session that was open is refused, counted once, and each decision says what it ended.
    revocation.refresh_from_db()
    assert revocation.state == RevocationState.CUT_OFF
    assert [session for session in old if not is_refused(session)] == []
    endings = EndedSession.objects.filter(session__in=[session.pk for session in old])
    assert endings.count() == len(old)
    assert all(
        each.sessions_ended == EndedSession.objects.filter(revocation=each).count()
        for each in Revocation.objects.all()
    )


def sign_in(user: User) -> None:
    """A report of a session that began an hour ago, late."""
    facts = SignInFacts(
        known_in=Place(issuer=ISS),
        person_id=f"nw-{user.username}",
        sid=f"late-{user.username}",
        began_at=timezone.now() - timedelta(hours=1),
        expires_at=timezone.now() + timedelta(hours=1),
    )
    report_sign_in(facts, by=a_machine())


def join(user: User, group: str) -> None:
    groups_changed(user, joined=[group], by=a_machine(), wish=Wish(received_at=timezone.now()))


def test_who_joins_while_it_ends_is_ended_by_the_next_order_and_not_left_half_done(crowd: list[User]):
    late = a_person("late")
    session = open_session(late)

    all_at_once(
        lambda: revoke(an_order(OneGroup(name="crowd"))),
        lambda: join(late, "crowd"),
    )
    revoke(an_order(OneGroup(name="crowd")))

    assert is_refused(session)
