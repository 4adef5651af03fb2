"""No action without a record, no record without an action."""

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import MissingField, NobodyIsActing, NotStorable, OutsideTransaction, UnknownEvent
from audit.events import Events, Outcome
from audit.initiators import reset_correlation_id, set_correlation_id, the_clock, the_shell
from audit.models import AuditEntry, AuditSubject
from audit.record import Occurrence, Target, record, record_many

DECISION = {"reason": "offboarding", "receipt": "CF-0123456789", "sessions_ended": 3}


def test_an_entry_says_who_what_why_when_and_through_which_door(hana_weiss, ines_almeida):
    entry = record(
        Events.USER_TERMINATED,
        initiator=hana_weiss,
        target=ines_almeida,
        project="phoenix",
        source="okta-event-9",
        details={"scope": "user"},
        **DECISION,
    )

    entry.refresh_from_db()
    assert (entry.event_code, entry.outcome) == ("RV-101", Outcome.DONE)
    assert (entry.initiator_kind, entry.initiator_id) == ("user", hana_weiss.id)
    assert (entry.actor_id, entry.initiator_roles) == (hana_weiss.user_id, "hr,security")
    assert (entry.target_kind, entry.target_id) == ("user", ines_almeida.id)
    assert entry.person_id == UUID(ines_almeida.id)
    assert (entry.reason_code, entry.receipt, entry.sessions_ended) == ("offboarding", "CF-0123456789", 3)
    assert (entry.project_key, entry.source) == ("phoenix", "okta-event-9")
    assert (entry.door, entry.cid) == ("page", "req-7f3a")
    assert entry.details == {"scope": "user"}


def test_names_and_typed_texts_stand_beside_the_entry(hana_weiss, ines_almeida):
    entry = record(
        Events.USER_TERMINATED,
        initiator=hana_weiss,
        target=ines_almeida,
        personal={"note": "Left on bad terms", "user_agent": ""},
        **DECISION,
    )

    assert set(entry.subjects.values_list("role", "kind", "value", "about")) == {
        ("initiator", "name", "Hana Weiss", hana_weiss.id),
        ("initiator", "address", "198.51.100.23", hana_weiss.id),
        ("target", "label", "Ines Almeida", ines_almeida.id),
        ("event", "note", "Left on bad terms", ines_almeida.id),
    }


@given(secret=st.uuids().map(lambda number: f"secret {number.hex} \x00 Zoë"))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_column_of_an_entry_holds_a_personal_value(hana_weiss, ines_almeida, secret):
    entry = record(
        Events.USER_TERMINATED,
        initiator=replace(hana_weiss, name=f"name {secret}", address=f"address {secret}"),
        target=replace(ines_almeida, label=f"label {secret}"),
        personal={"note": f"note {secret}", "email": f"mail {secret}"},
        **DECISION,
    )

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_auditentry WHERE id = %s", [entry.pk])
        row = repr(cursor.fetchone())
    assert secret[:39] not in row
    assert entry.subjects.filter(value__contains=secret[:39]).count() == 5


@pytest.mark.django_db
def test_the_table_has_no_column_for_names_and_addresses():
    columns = {field.name for field in AuditEntry._meta.concrete_fields}

    assert not columns & {"actor_email", "remote_addr", "remote_port", "object_repr", "serialized_data"}


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded():
    with pytest.raises(OutsideTransaction, match=r"demo\.loaded"):
        record(Events.DEMO_LOADED, initiator=the_shell())

    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_action_that_is_undone_takes_its_entry_with_it():
    with transaction.atomic():
        record(Events.DEMO_LOADED, initiator=the_shell())
        transaction.set_rollback(True)

    assert not AuditEntry.objects.exists()
    assert not AuditSubject.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_committed_action_keeps_its_entry():
    with transaction.atomic():
        record(Events.DEMO_LOADED, initiator=the_shell())

    assert AuditEntry.objects.get().event_code == "DE-101"


@pytest.mark.django_db
def test_an_entry_without_an_initiator_is_refused():
    with pytest.raises(NobodyIsActing):
        record(Events.DEMO_LOADED, initiator=None)


@pytest.mark.django_db
def test_the_database_itself_refuses_an_empty_initiator():
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry(event_code="DE-101", outcome="done", door="shell", initiator_kind="shell").save()


@pytest.mark.django_db
def test_an_event_that_is_not_listed_is_refused():
    with pytest.raises(UnknownEvent):
        record("demo.unloaded", initiator=the_shell())


def test_a_missing_field_is_named(hana_weiss, ines_almeida):
    with pytest.raises(MissingField) as refusal:
        record(Events.USER_TERMINATED, initiator=hana_weiss, target=ines_almeida, reason="offboarding")

    assert refusal.value.missing == ["receipt", "sessions_ended"]
    assert not AuditEntry.objects.exists()


def test_no_sessions_ended_is_a_count_too(hana_weiss, ines_almeida):
    entry = record(
        Events.USER_TERMINATED,
        initiator=hana_weiss,
        target=ines_almeida,
        **DECISION | {"sessions_ended": 0},
    )

    assert entry.sessions_ended == 0


def test_a_refused_attempt_says_why_and_has_its_own_code(hana_weiss, ines_almeida):
    with pytest.raises(MissingField, match=r"details\.why"):
        record(Events.USER_TERMINATED, initiator=hana_weiss, target=ines_almeida, outcome="refused")

    entry = record(
        Events.USER_TERMINATED,
        initiator=hana_weiss,
        target=ines_almeida,
        outcome=Outcome.REFUSED,
        details={"why": "privileged_person"},
    )
    assert (entry.event_code, entry.outcome) == ("RV-101F", "refused")


@pytest.mark.django_db
def test_a_kind_that_is_itself_a_refusal_needs_no_outcome():
    entry = record(Events.ACCESS_REFUSED, initiator=the_clock(), details={"why": "no_role"})

    assert (entry.event_code, entry.outcome) == ("AC-403F", "refused")


@pytest.mark.django_db
def test_the_request_of_the_door_is_kept_where_the_initiator_names_none():
    token = set_correlation_id("req-of-the-door")
    entry = record(Events.DEMO_LOADED, initiator=the_shell())
    reset_correlation_id(token)

    assert entry.cid == "req-of-the-door"


@pytest.mark.django_db
def test_a_text_that_does_not_fit_is_refused_on_every_database():
    with pytest.raises(NotStorable, match="receipt"):
        record(Events.DEMO_LOADED, initiator=the_shell(), receipt="x" * 17)


def test_many_entries_cost_an_insert_for_them_one_for_values_and_one_for_new_names(hana_weiss):
    occurrences = [
        Occurrence(target=Target(kind="session", id=str(number), label=f"laptop {number}"), **DECISION)
        for number in range(20)
    ]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        entries = record_many(Events.SESSION_ENDED, initiator=hana_weiss, occurrences=occurrences)

    assert len([query for query in queries if query["sql"].startswith("INSERT")]) == 3
    assert [entry.target_id for entry in entries] == [str(number) for number in range(20)]
    assert all(entry.pk for entry in entries)
    assert AuditSubject.objects.filter(role="target").count() == 20


def test_one_unfit_occurrence_keeps_all_of_them_out(hana_weiss, ines_almeida):
    fit, unfit = Occurrence(target=ines_almeida, **DECISION), Occurrence(target=ines_almeida)

    with pytest.raises(MissingField):
        record_many(Events.SESSION_ENDED, initiator=hana_weiss, occurrences=[fit, unfit])

    assert not AuditEntry.objects.exists()
