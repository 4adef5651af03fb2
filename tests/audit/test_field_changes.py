"""Field changes of operator-edited models land in the same trail, with an initiator and without secrets."""

import pytest
from auditlog.registry import auditlog
from django.db import transaction

from audit.errors import NobodyIsActing, OutsideTransaction
from audit.field_changes import MASK, register_for_field_changes
from audit.initiators import acting, the_clock, the_shell
from audit.models import AuditEntry
from audit.presentation import sentence
from sessions_app.models import Application
from sessions_app.models.field_changes import register_models


@pytest.fixture
def wiki(db):
    with acting(the_shell()):
        return Application.objects.create(key="wiki", name="Wiki")


@pytest.fixture
def _names_are_masked():
    """As if the name of an application were a secret."""
    auditlog.unregister(Application)
    register_for_field_changes(Application, fields=["key"], masked=["name"])
    yield
    auditlog.unregister(Application)
    register_models()


def test_a_created_row_is_an_entry_of_whoever_acted(hana_weiss):
    with acting(hana_weiss):
        wiki = Application.objects.create(key="wiki", name="Wiki")

    entry = AuditEntry.objects.get()
    assert (entry.event_code, entry.outcome) == ("CH-001", "done")
    assert (entry.initiator_id, entry.actor_id) == (hana_weiss.id, hana_weiss.user_id)
    assert (entry.initiator_roles, entry.door, entry.cid) == ("hr,security", "page", "req-7f3a")
    assert (entry.target_kind, entry.target_id) == ("application", str(wiki.pk))
    assert entry.changes["key"] == ["None", "wiki"]


def test_a_changed_field_shows_before_and_after(wiki):
    with acting(the_clock()):
        wiki.name = "The Wiki"
        wiki.save()

    entry = AuditEntry.objects.get(event_code="CH-002")
    assert entry.changes == {"name": ["Wiki", "The Wiki"]}
    assert entry.initiator_kind == "clock"


def test_a_deleted_row_leaves_an_entry(wiki):
    number = wiki.pk
    with acting(the_shell()):
        wiki.delete()

    assert AuditEntry.objects.get(event_code="CH-003").target_id == str(number)


def test_the_name_of_the_row_and_the_address_stand_beside_the_entry(hana_weiss):
    with acting(hana_weiss):
        Application.objects.create(key="wiki", name="Wiki")

    entry = AuditEntry.objects.get()
    assert set(entry.subjects.values_list("role", "kind", "value")) == {
        ("initiator", "name", "Hana Weiss"),
        ("initiator", "address", "198.51.100.23"),
        ("target", "label", "Wiki"),
    }
    assert sentence(entry, entry.subjects.all()) == "Hana Weiss created Wiki"


@pytest.mark.usefixtures("_names_are_masked")
def test_a_masked_field_shows_only_that_it_changed(wiki):
    with acting(the_shell()):
        wiki.name = "Something else"
        wiki.save()

    assert AuditEntry.objects.get(event_code="CH-002").changes == {"name": [MASK, MASK]}


@pytest.mark.django_db
def test_a_creation_by_nobody_is_refused_before_anything_is_written():
    with pytest.raises(NobodyIsActing, match="application"):
        Application.objects.create(key="wiki", name="Wiki")

    assert not Application.objects.exists()


def test_a_change_by_nobody_is_refused_before_anything_is_written(wiki):
    wiki.name = "The Wiki"
    with pytest.raises(NobodyIsActing):
        wiki.save()

    wiki.refresh_from_db()
    assert wiki.name == "Wiki"


def test_a_deletion_by_nobody_is_refused_before_anything_is_written(wiki):
    with pytest.raises(NobodyIsActing), transaction.atomic():
        wiki.delete()

    assert Application.objects.filter(key="wiki").exists()


def test_saving_without_a_change_needs_nobody(wiki):
    wiki.save()

    assert not AuditEntry.objects.filter(event_code="CH-002").exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_outside_a_transaction_is_refused_before_anything_is_written():
    with pytest.raises(OutsideTransaction), acting(the_shell()):
        Application.objects.create(key="wiki", name="Wiki")

    assert not Application.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_undone_takes_its_entry_with_it():
    with acting(the_shell()), transaction.atomic():
        Application.objects.create(key="wiki", name="Wiki")
        transaction.set_rollback(True)

    assert not Application.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_memberships_are_not_field_changes(wiki):
    with pytest.raises(NotImplementedError):
        AuditEntry.objects.log_m2m_changes(Application.objects.all(), wiki, "add", "groups")
