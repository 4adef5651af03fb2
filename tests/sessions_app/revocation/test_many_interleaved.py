"""Any interleaving of ordering many, going on, stopping, losing Redis, joining and ending one keeps the promises.

The oracle is plain Python: whose sessions an order covered that was called cut off, and who was never touched.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from audit.initiators import the_shell
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import EndedSession, Membership, Revocation, Session, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation import many
from sessions_app.revocation.connections import session_guard
from sessions_app.revocation.engine import decide, revoke
from sessions_app.revocation.errors import NothingToEnd
from sessions_app.revocation.orders import OneGroup, OneUser, Order, Scope
from sessions_app.revocation.reconcile import reconcile
from sessions_app.scheduled.clock import THE_CLOCK, Clock
from tests.conftest import forget_what_guards_saw
from tests.factories import REALM, a_group, a_person, identity_of, open_session
from tests.redis_server import EmbeddedRedis, running_redis

PEOPLE = ("ines", "otto", "chen", "carlos")
SOMEBODY = st.sampled_from(PEOPLE)


def outcome_for(session: Session) -> Outcome:
    started_ms = int(session.began_at.timestamp() * 1000)
    person = identity_of(session.user).person_id
    return session_guard().check_session(REALM, person, session.sid, started_ms).outcome


class Crowd(RuleBasedStateMachine):
    server: EmbeddedRedis

    def __init__(self) -> None:
        super().__init__()
        self.everything = transaction.atomic()
        self.everything.__enter__()
        self.server.flush()
        forget_what_guards_saw()
        self.clock = Clock()
        self.people = {name: a_person(name) for name in PEOPLE}
        self.group = a_group("crowd", self.people["ines"], self.people["otto"])
        self.sessions: list[Session] = []
        self.covered: dict[UUID, set[str]] = {}
        self.dead: set[str] = set()
        self.touched: set[UUID] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.everything.__exit__(None, None, None)

    # --- What people and programs do ---

    @rule(name=SOMEBODY)
    def sign_in(self, name: str) -> None:
        self.sessions.append(open_session(User.objects.get(username=name)))

    @rule(name=SOMEBODY)
    def join(self, name: str) -> None:
        Membership.objects.get_or_create(user=self.people[name], group=self.group)

    @rule(name=SOMEBODY)
    def leave(self, name: str) -> None:
        Membership.objects.filter(user=self.people[name], group=self.group).delete()

    @rule(name=SOMEBODY)
    def end_one(self, name: str) -> None:
        person = self.people[name]
        self.touched.add(person.pk)
        if revoke(an_order(OneUser(user_id=person.pk))).cut_off_at:
            self.dead |= self.sids_of({person.pk})

    @rule()
    def order_the_group(self) -> None:
        try:
            revocation = decide(an_order(OneGroup(name="crowd")))
        except NothingToEnd:
            return
        people = set(revocation.targets.values_list("user", flat=True))
        assert people >= set(self.group.memberships.values_list("user", flat=True))
        self.touched |= people
        self.covered.setdefault(revocation.pk, set()).update(self.sids_of(people))

    @rule()
    def go_on_and_stop(self) -> None:
        """Whoever it is: one lot of one decision."""
        pending = Revocation.objects.pending().filter(scope="group").order_by("decided_at").first()
        if pending is not None:
            many.carry_on(pending, by=THE_CLOCK, seconds=0)
            self.note_cut_off()

    # --- What befalls the blacklist, and what we do about it ---

    @rule()
    def flush(self) -> None:
        self.server.flush()

    @rule()
    def restart_empty(self) -> None:
        self.server.restart_empty()

    @rule()
    def beat(self) -> None:
        self.clock.beat()

    @rule()
    def finish(self) -> None:
        """Afterwards everything is exactly as decided, and every number says the same."""
        self.clock.beat()
        self.clock.beat()
        many.carry_on_all(by=THE_CLOCK, seconds=60)
        self.clock.beat()
        reconcile(by=THE_CLOCK)
        self.note_cut_off()
        assert not Revocation.objects.pending().exists()
        for revocation in Revocation.objects.filter(scope="group"):
            counted = sum(revocation.targets.values_list("sessions_ended", flat=True))
            assert revocation.sessions_ended == counted == revocation.ended_sessions.count()
        once = Counter(EndedSession.objects.values_list("session", flat=True))
        assert not [session for session, times in once.items() if times > 1]
        assert {
            session.sid for session in self.sessions if outcome_for(session) is Outcome.REVOKED
        } >= self.dead
        assert all(outcome_for(session) is Outcome.ALLOWED for session in self.untouched)

    # --- The promises ---

    @invariant()
    def what_was_called_cut_off_is_never_allowed(self) -> None:
        dead = [session for session in self.sessions if session.sid in self.dead]
        assert not [session.sid for session in dead if outcome_for(session) is Outcome.ALLOWED]

    @invariant()
    def nobody_untouched_is_refused_as_revoked(self) -> None:
        assert not [each.sid for each in self.untouched if outcome_for(each) is Outcome.REVOKED]

    # --- The oracle ---

    @property
    def untouched(self) -> list[Session]:
        return [session for session in self.sessions if session.user_id not in self.touched]

    def sids_of(self, people: set[UUID]) -> set[str]:
        return {session.sid for session in self.sessions if session.user_id in people}

    def note_cut_off(self) -> None:
        done = Revocation.objects.filter(pk__in=self.covered, cut_off_at__isnull=False)
        for key in done.values_list("pk", flat=True):
            self.dead |= self.covered[key]


def an_order(scope: Scope) -> Order:
    return Order(
        initiator=the_shell(),
        reason=Reason.ROLE_CHANGE,
        scope=scope,
        received_at=timezone.now() - timedelta(milliseconds=1),
    )


@pytest.mark.django_db
def test_every_interleaving_keeps_the_promises(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "CUT_OFF_AT_ONCE", 1)
    monkeypatch.setattr(many, "ENDED_AT_ONCE", 1)
    with running_redis() as own:
        settings.REDIS_URL = own.url  # type: ignore[attr-defined]
        Crowd.server = own
        run_state_machine_as_test(Crowd, settings=MACHINE_SETTINGS)


MACHINE_SETTINGS = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
