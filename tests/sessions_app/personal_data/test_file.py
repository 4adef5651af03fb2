"""The file of one person: everything of theirs, nobody else by name, no note, no secret, and an entry with its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEntry
from sessions_app.models import User
from sessions_app.personal_data.holds import open_hold
from tests.factories import a_group, initiator_of, open_session, with_password
from tests.portal.signed_in import browser_of, terminate, text_of
from tests.sessions_app.personal_data.test_holds import a_case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]

PURPOSE = {"purpose": "dispute HR-2026-7 at court"}


@pytest.fixture
def in_demo(settings: Any) -> None:
    settings.DEMO = True


@pytest.fixture
def terminated(ines: User, ivan: User) -> User:
    """Ivan ended the access of Ines, and wrote why."""
    with_password(ines)
    a_group("finance", ines)
    open_session(ines)
    terminate(browser_of(ivan), ines, reason="other", note="Ivan heard it from Paula")
    return ines


def taken(browser: Client, person: User) -> bytes:
    answer = browser.post(f"/people/{person.pk}/file/", PURPOSE)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json; charset=utf-8")
    return answer.content


def test_everything_of_the_person_stands_in_it(terminated: User, sam: User):
    told = json.loads(taken(browser_of(sam), terminated))

    assert told["person"]["display_name"] == "Ines Almeida"
    assert told["groups"] == ["finance"]
    assert told["identities"][0]["person_id"] == "nw-ines"
    assert told["sessions"][0]["address"] == "203.0.113.7"
    assert told["revocations"][0]["reason"] == "other"
    assert {"RV-101"} <= {entry["code"] for entry in told["entries"]}


def test_bystanders_stand_by_pseudonyms_and_notes_and_secrets_not_at_all(terminated: User, sam: User):
    text = taken(browser_of(sam), terminated).decode()

    assert "Ivan" not in text
    assert "Petrov" not in text
    assert "Paula" not in text
    assert terminated.password not in text
    assert "ended the access of Ines Almeida" in text


def test_who_may_not_see_where_somebody_signed_in_does_not_see_it_here_either(terminated: User, aude: User):
    text = taken(browser_of(aude), terminated).decode()

    assert "203.0.113.7" not in text
    assert "Firefox" not in text


def test_taking_it_is_an_entry_with_the_purpose_and_the_hash_of_what_was_given(terminated: User, sam: User):
    body = taken(browser_of(sam), terminated)

    entry = AuditEntry.objects.get(event_code="PD-105")
    assert entry.details["sha256"] == hashlib.sha256(body).hexdigest()
    assert entry.subjects.get(kind="purpose").value == PURPOSE["purpose"]


def test_it_is_not_given_without_a_purpose(terminated: User, sam: User):
    answer = browser_of(sam).post(f"/people/{terminated.pk}/file/", {"purpose": "why not"})

    assert answer.status_code == 422
    assert not AuditEntry.objects.filter(event_code="PD-105").exists()


def test_nobody_reads_in_their_own_data_that_a_dispute_is_being_prepared(ines: User, ada: User, sam: User):
    open_hold(ines, a_case(sam), by=initiator_of(ada))

    own = browser_of(ines).post("/me/data/").content.decode()
    for_the_lawyers = taken(browser_of(sam), ines).decode()

    assert "HR-2026-7" not in own
    assert "PD-110" not in own
    assert "HR-2026-7" in for_the_lawyers


def test_the_person_sees_that_their_file_was_taken_and_not_why(terminated: User, sam: User, otto: User):
    taken(browser_of(sam), otto)

    page = text_of(browser_of(otto).get("/me/"))

    assert "Sam Okoro" in page
    assert "took all that is kept of you as a file" in page
    assert PURPOSE["purpose"] not in page


def test_anybody_takes_their_own_and_nobody_elses(otto: User, ines: User):
    open_session(ines)

    told = json.loads(browser_of(otto).post("/me/data/").content)

    assert told["person"]["username"] == "otto"
    assert "legal_holds" not in told
    assert "Ines" not in json.dumps(told)
    assert AuditEntry.objects.get(event_code="PD-106").initiator_id == str(otto.pk)
