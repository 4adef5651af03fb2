"""What of an entry is hashed: everything but the personal values, for which commitments stand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import canonical_bytes
from audit.entry_form import COLUMN_OF, body_of, form_of, forms_of
from audit.erasure import blank_subject
from audit.events import Events
from audit.models import AuditEntry
from audit.record import record
from audit.verifier import canonical, commitment

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture
def entry(hana_weiss, ines_almeida):
    return record(
        Events.SIGN_IN_ALLOWED_AGAIN,
        initiator=hana_weiss,
        target=ines_almeida,
        reason="other",
        details={"z": [1, None, True], "a": "\U0001f600"},
        personal={"note": "came back"},
    )


def test_every_column_of_an_entry_is_in_its_form():
    assert {field.attname for field in AuditEntry._meta.concrete_fields} == set(COLUMN_OF.values())


def test_the_form_as_it_is_for_ever(entry):
    form = form_of(entry, entry.subjects.order_by("id"))

    assert form["time"] == f"{entry.timestamp:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert form["event"] == "RV-120"
    assert form["v"] == 1
    assert [(value["role"], value["kind"]) for value in form["personal"]] == [
        ("initiator", "name"),
        ("initiator", "address"),
        ("target", "label"),
        ("event", "note"),
    ]


def test_no_personal_value_is_in_the_bytes(entry):
    body = body_of(form_of(entry, entry.subjects.order_by("id"))).decode()

    assert not any(value in body for value in ("Hana", "Ines", "198.51.100.23", "came back"))


def test_a_fresh_entry_and_the_same_read_back_have_the_same_bytes(entry):
    assert body_of(forms_of([entry.pk])[entry.pk]) == body_of(form_of(entry, entry.subjects.order_by("id")))


def test_blanking_changes_no_byte_and_takes_the_salt_away(entry, ines_almeida, hana_weiss):
    before = body_of(forms_of([entry.pk])[entry.pk])

    blank_subject(ines_almeida, initiator=hana_weiss)

    assert body_of(forms_of([entry.pk])[entry.pk]) == before
    assert set(entry.subjects.filter(about=ines_almeida.id).values_list("value", "salt")) == {("", "")}


def test_a_value_that_is_there_can_be_checked_against_its_commitment(entry):
    note = entry.subjects.get(kind="note")

    assert note.commitment == commitment(note.salt, "came back") != commitment(note.salt, "stayed away")


def test_the_same_value_is_committed_to_differently_each_time(entry, hana_weiss):
    again = record(Events.DEMO_LOADED, initiator=hana_weiss)

    names = [each.subjects.get(role="initiator", kind="name").commitment for each in (entry, again)]
    assert names[0] != names[1]


@given(PLAIN)
def test_the_stand_alone_verifier_writes_json_as_the_product_does(value):
    assert canonical(value) == canonical_bytes(value)


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_whatever_json_can_say_has_bytes_so_that_one_bad_row_cannot_stop_the_sealer(text):
    assert canonical(json.loads(json.dumps(text)))
