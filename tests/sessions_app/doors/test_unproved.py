"""Programs that cannot prove who they are: recorded once a minute by address and claim, without what they sent."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from audit.models import AuditEntry, AuditSubject
from sessions_app.models import MachineCredential, Scope
from tests.factories import a_credential
from tests.oauth_client import an_app
from tests.sessions_app.doors.machines import Machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "issuer")]


@pytest.fixture(autouse=True)
def _nobody_was_seen_before() -> None:
    cache.clear()


def unproved() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(event_code="AC-401F").order_by("id"))


def test_guessing_on_and_on_is_one_entry_a_minute():
    guesser = Machine(secret="cfm_00000000_guess")

    answers = [guesser.get("/people/hr-1").status_code for _ in range(5)]

    assert answers == [401] * 5
    assert len(unproved()) == 1


def test_whom_it_claims_to_be_is_said_and_what_it_sent_is_not():
    secret = a_credential(Scope.PEOPLE_WRITE)
    prefix = MachineCredential.objects.get().prefix

    Machine(secret=f"{prefix}_something-else").get("/people/hr-1")

    (entry,) = unproved()
    assert (entry.target_kind, entry.target_id) == ("machine_credential", prefix)
    assert entry.details == {"why": "credential_wrong", "door": "api"}
    assert not AuditSubject.objects.filter(value__contains="something-else").exists()
    assert secret not in str(list(AuditEntry.objects.values()))


def test_a_client_with_a_wrong_secret_is_recorded_as_whom_it_claims_to_be():
    app = an_app()
    app.secret = "cfs_wrong"

    app.post_code("code", "verifier")

    (entry,) = unproved()
    assert (entry.target_kind, entry.target_id, entry.door) == ("oauth_client", "dashboard", "oauth")
