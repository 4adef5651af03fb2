"""The dictionary of names: what it holds, that it grows with the people and not with the trail, and erasure."""

from __future__ import annotations

import pytest
from django.db import transaction

from audit.erasure import blank_subject
from audit.events import Events
from audit.field_changes import EntryManager
from audit.initiators import UNIDENTIFIED, Door, Initiator, InitiatorKind, acting, the_shell
from audit.models import AuditEntry, AuditName
from audit.query import AuditQuery
from audit.record import Target, record
from sessions_app.models import Application

pytestmark = pytest.mark.django_db


def test_a_name_is_kept_once_however_often_it_acts(hana_weiss: Initiator, ines_almeida: Target):
    for _time in range(3):
        record(Events.PERSON_CHANGED, initiator=hana_weiss, target=ines_almeida)

    kept = sorted(AuditName.objects.values_list("about", "name"))
    assert kept == sorted([(hana_weiss.id, " hana weiss"), (ines_almeida.id, " ines almeida")])


def test_an_old_name_still_finds(ines_almeida: Target):
    entry = record(Events.PERSON_CHANGED, initiator=the_shell(), target=ines_almeida)
    renamed = Target(kind="user", id=ines_almeida.id, label="Ines Ferrand")
    record(Events.PERSON_CHANGED, initiator=the_shell(), target=renamed)

    found = AuditQuery(line="target:almeida").entries(AuditEntry.objects.all())

    assert entry in found
    assert found.count() == 2


def test_an_erased_person_is_found_by_no_name_and_still_by_id(ines_almeida: Target):
    entry = record(Events.PERSON_CHANGED, initiator=the_shell(), target=ines_almeida)
    blank_subject(ines_almeida, initiator=the_shell())

    assert not AuditQuery(line="target:ines").entries(AuditEntry.objects.all()).exists()
    assert entry in AuditQuery(line=f"target:{ines_almeida.id}").entries(AuditEntry.objects.all())


def test_blanking_only_addresses_keeps_the_name(ines_almeida: Target):
    record(Events.PERSON_CHANGED, initiator=the_shell(), target=ines_almeida)
    blank_subject(ines_almeida, initiator=the_shell(), kinds=["address"])

    assert AuditName.objects.bearing("ines", at_most=5) == [ines_almeida.id]


def test_what_stands_for_somebody_else_each_time_is_not_kept():
    nobody = Initiator(
        kind=InitiatorKind.MACHINE, id=UNIDENTIFIED, name="ines typed wrongly", door=Door.SIGN_IN
    )
    record(Events.SIGN_IN_FAILED, initiator=nobody, details={"why": "wrong_password"})

    assert not AuditName.objects.exists()


def test_field_changes_are_found_by_name_too():
    assert issubclass(EntryManager, type(AuditEntry.objects))
    with transaction.atomic(), acting(the_shell()):
        application = Application.objects.create(key="crm", name="Customer file")

    found = AuditQuery(line=f"target:{application.pk} action:CH").entries(AuditEntry.objects.all())

    assert found.get().event_code == "CH-001"
