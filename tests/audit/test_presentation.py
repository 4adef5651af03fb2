"""An entry reads as a sentence, with names only where the reader may see them."""

import pytest

from audit.events import ALL_EVENTS, EventKind, Events, Outcome
from audit.initiators import Door, somebody_unknown, the_clock, the_shell
from audit.presentation import NOTHING, sentence
from audit.record import Target, record

pytestmark = pytest.mark.django_db


def said(entry):
    return sentence(entry, entry.subjects.all())


def test_a_termination_reads_as_a_sentence(hana_weiss, ines_almeida):
    entry = record(
        Events.USER_TERMINATED,
        initiator=hana_weiss,
        target=ines_almeida,
        reason="offboarding",
        receipt="CF-0123456789",
        sessions_ended=2,
    )

    assert said(entry) == (
        "Hana Weiss ended the access of Ines Almeida: Offboarding, 2 sessions, receipt CF-0123456789"
    )


def test_a_reader_who_may_not_see_names_sees_pseudonyms(hana_weiss, ines_almeida):
    entry = record(Events.PERSON_VIEWED, initiator=hana_weiss, target=ines_almeida)

    assert sentence(entry, []) == (
        f"person {hana_weiss.id[:8]}…{hana_weiss.id[-4:]} opened the sessions of "
        f"person {ines_almeida.id[:8]}…{ines_almeida.id[-4:]}"
    )


def test_an_attempt_never_reads_as_done(hana_weiss, ines_almeida):
    entry = record(
        Events.USER_TERMINATED,
        initiator=hana_weiss,
        target=ines_almeida,
        outcome="refused",
        details={"why": "privileged_person"},
    )

    assert said(entry) == (
        "Hana Weiss could not end the access of Ines Almeida: "
        "This person is an Admin or in Security. Only Security can end their access"
    )


def test_an_attempt_without_a_sentence_of_its_own_does_not_read_as_done_either(hana_weiss):
    entry = record(
        Events.CREDENTIAL_CREATED,
        initiator=hana_weiss,
        target=Target(kind="machine_credential", id="7"),
        outcome="failed",
        details={"why": "name_taken"},
    )

    assert said(entry) == ("Hana Weiss tried something that did not happen (credential.created): name_taken")


def test_clock_shell_and_strangers_are_named_by_what_they_are():
    why = {"why": "wrong_password"}
    stranger = somebody_unknown(door=Door.SIGN_IN, address="203.0.113.9")

    by_clock = record(Events.DEMO_LOADED, initiator=the_clock())
    by_shell = record(Events.DEMO_LOADED, initiator=the_shell())
    by_stranger = record(Events.ACCESS_REFUSED, initiator=stranger, details=why)

    assert sentence(by_clock, []) == "the clock loaded the demo company"
    assert sentence(by_shell, []) == f"the shell ({the_shell().id}) loaded the demo company"
    assert sentence(by_stranger, []) == "somebody unidentified was not let in: the password was wrong"


def test_a_name_cannot_turn_the_sentence_around(hana_weiss):
    hostile = Target(kind="user", id=hana_weiss.id, label="Ines\u202e\nadmitted %(receipt)s\x07 <b>")

    entry = record(Events.PERSON_VIEWED, initiator=the_shell(), target=hostile)

    assert said(entry).endswith("opened the sessions of Inesadmitted %(receipt)s <b>")


def test_a_list_in_the_details_reads_as_a_list():
    entry = record(
        Events.BLACKLIST_LOST, initiator=the_clock(), details={"why": ["policy allkeys-lru", "no AOF"]}
    )

    assert said(entry) == "The blacklist was lost, guards are closed: policy allkeys-lru, no AOF"


EVERY_SENTENCE = [(kind, outcome) for kind in ALL_EVENTS for outcome in sorted({kind.usual, Outcome.REFUSED})]


@pytest.mark.parametrize(
    ("kind", "outcome"), EVERY_SENTENCE, ids=[f"{kind.code}-{outcome}" for kind, outcome in EVERY_SENTENCE]
)
def test_every_event_reads_as_a_whole_sentence(kind: EventKind, outcome: Outcome, hana_weiss, ines_almeida):
    """With everything it must carry, and a receipt and a count where there are any."""
    needed = {name.partition(".")[2] for name in kind.required_for(outcome) if name.startswith("details.")}
    entry = record(
        kind,
        initiator=hana_weiss,
        target=ines_almeida,
        outcome=outcome,
        reason="offboarding",
        receipt="CF-0123456789",
        project="phoenix",
        sessions_ended=1,
        details={name: f"the {name}" for name in needed | {"why"}},
        personal={"note": "asked for it", "purpose": "a dispute"},
    )

    read = said(entry)

    assert NOTHING not in read
    assert "%(" not in read
    assert len(read.split()) > 3


def test_a_moment_is_said_as_people_read_it(hana_weiss, ines_almeida):
    entry = record(
        Events.ENDING_SCHEDULED,
        initiator=hana_weiss,
        target=ines_almeida,
        project="phoenix",
        details={"due_at": "2026-12-03T18:00:00+01:00"},
    )

    assert said(entry).endswith("for 3 Dec 2026, 17:00 UTC")


def test_codes_are_said_in_the_words_of_whoever_owns_them(hana_weiss, ines_almeida):
    """A role, a reason for a refusal, a right: each in its own words and none as a code."""
    granted = record(
        Events.ROLE_GRANTED, initiator=hana_weiss, target=ines_almeida, details={"role": "project_manager"}
    )
    refused = record(Events.ACCESS_REFUSED, initiator=hana_weiss, details={"why": "terminate_people"})

    assert said(granted) == "Hana Weiss granted Ines Almeida the role Project manager"
    assert said(refused) == "Hana Weiss was not let in: Terminate now"
