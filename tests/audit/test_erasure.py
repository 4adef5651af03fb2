"""A person can be erased without touching an entry."""

import pytest
from django.db import transaction

from audit.erasure import blank_subject
from audit.events import Events
from audit.initiators import the_shell
from audit.models import AuditEntry, AuditSubject
from audit.presentation import sentence
from audit.record import Target, record


@pytest.fixture
def terminated(hana_weiss, ines_almeida):
    return record(
        Events.USER_TERMINATED,
        initiator=hana_weiss,
        target=ines_almeida,
        reason="offboarding",
        receipt="CF-0123456789",
        sessions_ended=1,
        personal={"note": "Ines told us herself"},
    )


def test_every_value_about_the_person_is_emptied_and_no_other(terminated, ines_almeida):
    count = blank_subject(ines_almeida, initiator=the_shell())

    assert count == 2
    assert not AuditSubject.objects.filter(value__contains="Ines").exists()
    assert terminated.subjects.filter(value="Hana Weiss").exists()


def test_the_entry_stays_as_it_was(terminated, ines_almeida):
    before = AuditEntry.objects.filter(pk=terminated.pk).values().get()

    blank_subject(ines_almeida, initiator=the_shell())

    assert AuditEntry.objects.filter(pk=terminated.pk).values().get() == before


def test_a_pseudonym_stands_where_the_name_was(terminated, ines_almeida):
    blank_subject(ines_almeida, initiator=the_shell())

    said = sentence(terminated, terminated.subjects.all())
    assert "Ines" not in said
    assert f"person {ines_almeida.id[:8]}" in said
    assert said.startswith("Hana Weiss ended")


def test_blanking_is_itself_an_entry_without_the_name(terminated, ines_almeida):
    blank_subject(ines_almeida, initiator=the_shell(), kinds=["note"])

    entry = AuditEntry.objects.get(event_code="PD-101")
    assert (entry.target_id, entry.details) == (ines_almeida.id, {"count": 1, "kinds": ["note"]})
    assert not entry.subjects.filter(role="target").exists()


def test_only_the_named_kinds_are_emptied(terminated, hana_weiss):
    blank_subject(Target(kind="user", id=hana_weiss.id), initiator=the_shell(), kinds=["address"])

    left = set(terminated.subjects.filter(role="initiator").values_list("kind", "value"))
    assert left == {("name", "Hana Weiss"), ("address", "")}


def test_a_second_time_nothing_is_left_to_empty(terminated, ines_almeida):
    blank_subject(ines_almeida, initiator=the_shell())

    assert blank_subject(ines_almeida, initiator=the_shell()) == 0


@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_is_undone_empties_nothing():
    somebody = Target(kind="machine_credential", id="7", label="Payroll import")
    with transaction.atomic():
        record(Events.CREDENTIAL_CREATED, initiator=the_shell(), target=somebody)

    with transaction.atomic():
        blank_subject(somebody, initiator=the_shell())
        transaction.set_rollback(True)

    assert AuditSubject.objects.filter(value="Payroll import").exists()
