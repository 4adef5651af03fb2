"""Any interleaving of signing in, ending access, losing Redis and repairing it keeps the promises.

The oracle is plain Python: what was reported as cut off, and who was never touched.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from audit.initiators import the_shell
from sessions_app.blacklist.keys import KeySpace
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.models import Revocation, Session, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.connections import session_guard
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.errors import NothingToEnd
from sessions_app.revocation.orders import OneSession, OneUser, Order, Scope, SomeSessions
from sessions_app.revocation.reconcile import reconcile
from sessions_app.scheduled.clock import THE_CLOCK, Clock
from tests.conftest import forget_what_guards_saw
from tests.factories import REALM, a_person, identity_of, open_session
from tests.redis_server import EmbeddedRedis, running_redis

PEOPLE = ("ines", "otto", "chen")


def outcome_for(session: Session) -> Outcome:
    started_ms = int(session.began_at.timestamp() * 1000)
    person = identity_of(session.user).person_id
    return session_guard().check_session(REALM, person, session.sid, started_ms).outcome


class Curfew(RuleBasedStateMachine):
    server: EmbeddedRedis
    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.everything = transaction.atomic()
        self.everything.__enter__()
        self.server.flush()
        forget_what_guards_saw()
        self.clock = Clock()
        self.people = {name: a_person(name) for name in PEOPLE}
        self.known: list[Session] = []
        self.dead: set[str] = set()
        self.untouched: set[str] = set()
        self.tampered_with: set[UUID] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.everything.__exit__(None, None, None)

    # --- What people and programs do ---

    @rule(target=sessions, name=st.sampled_from(PEOPLE))
    def sign_in(self, name: str) -> Session:
        """A sign-in the issuer granted now, whatever we think of it. Six seconds on: its clock allowance.

        Not so while the person is blocked: one dated after the block is lifted would rightly live.
        """
        person = User.objects.get(pk=self.people[name].pk)
        blocked = not person.is_active
        session = open_session(person, began_at=timezone.now() + timedelta(seconds=0 if blocked else 6))
        self.known.append(session)
        (self.dead if blocked else self.untouched).add(session.sid)
        return session

    @rule(name=st.sampled_from(PEOPLE), reason=st.sampled_from([Reason.OFFBOARDING, Reason.ROLE_CHANGE]))
    def end_everything_of(self, name: str, reason: Reason) -> None:
        person = self.people[name]
        theirs = {session.sid for session in self.known if session.user_id == person.pk}
        self.untouched -= theirs
        if self._revoke(OneUser(user_id=person.pk), reason).cut_off_at:
            self.dead |= theirs

    @rule(session=consumes(sessions))
    def end_one(self, session: Session) -> None:
        self.untouched.discard(session.sid)
        if self._revoke(OneSession(session_id=session.pk), Reason.USER_REQUEST).cut_off_at:
            self.dead.add(session.sid)

    @rule(chosen=st.lists(consumes(sessions), min_size=1, max_size=3, unique_by=lambda session: session.sid))
    def end_a_selection(self, chosen: list[Session]) -> None:
        """Of one person or several; what is over already stays over."""
        self.untouched -= {session.sid for session in chosen}
        scope = SomeSessions.of(session.pk for session in chosen)
        try:
            revocation = self._revoke(scope, Reason.USER_REQUEST)
        except NothingToEnd:
            return
        if revocation.cut_off_at:
            self.dead |= {session.sid for session in chosen}

    def _revoke(self, scope: Scope, reason: Reason) -> Revocation:
        # Sign-ins are dated six seconds ahead; a person order must come after them to cover them.
        order = Order(initiator=the_shell(), reason=reason, scope=scope, received_at=timezone.now())
        return revoke(order)

    @rule(name=st.sampled_from(PEOPLE))
    def allow_again(self, name: str) -> None:
        person = User.objects.get(pk=self.people[name].pk)
        if not person.is_active:
            allow_sign_in_again(person, by=the_shell(), reason="came back to work")

    # --- What befalls the blacklist ---

    @rule()
    def flush(self) -> None:
        self.server.flush()

    @rule()
    def restart_empty(self) -> None:
        self.server.restart_empty()

    @rule(name=st.sampled_from(PEOPLE))
    def delete_the_person_key(self, name: str) -> None:
        person = identity_of(self.people[name]).person_id
        with self.server.client() as client:
            client.delete(KeySpace("test").user(REALM, person))
        self.tampered_with.add(self.people[name].pk)

    # --- What we do about it ---

    @rule()
    def beat(self) -> None:
        self.clock.beat()

    @rule()
    def forget_the_guard(self) -> None:
        """A service restarted: its guard has no memory of earlier markers."""
        forget_what_guards_saw()

    @rule()
    def heal(self) -> None:
        """Two beats and a reconcile: afterwards everything is exactly as decided."""
        self.clock.beat()
        self.clock.beat()
        reconcile(by=THE_CLOCK)
        self.tampered_with.clear()
        assert not Revocation.objects.pending().exists()
        assert {session.sid for session in self.known if outcome_for(session) is Outcome.REVOKED} >= self.dead
        assert all(
            outcome_for(session) is Outcome.ALLOWED for session in self.known if session.sid in self.untouched
        )

    # --- The promises ---

    @invariant()
    def what_was_reported_cut_off_is_never_allowed(self) -> None:
        bound = [s for s in self.known if s.sid in self.dead and s.user_id not in self.tampered_with]
        assert not [s.sid for s in bound if outcome_for(s) is Outcome.ALLOWED]

    @invariant()
    def nobody_untouched_is_refused_as_revoked(self) -> None:
        assert not [
            s.sid for s in self.known if s.sid in self.untouched and outcome_for(s) is Outcome.REVOKED
        ]


@pytest.mark.django_db
def test_every_interleaving_keeps_the_promises(settings: object) -> None:
    with running_redis() as own:
        settings.REDIS_URL = own.url  # type: ignore[attr-defined]
        Curfew.server = own
        run_state_machine_as_test(Curfew, settings=MACHINE_SETTINGS)


MACHINE_SETTINGS = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
