"""Every kind of event is listed once, and its sentence can be made."""

import re

import pytest

from audit.errors import UnknownEvent
from audit.events import ALL_EVENTS, EventKind, Events, Outcome, listed, of_code

SPOKEN = {"initiator", "target", "event", "reason", "receipt", "project", "sessions", "fields"}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def test_codes_and_names_are_given_once():
    assert len({kind.code for kind in ALL_EVENTS}) == len(ALL_EVENTS)
    assert len({kind.name for kind in ALL_EVENTS}) == len(ALL_EVENTS)


@pytest.mark.parametrize("kind", ALL_EVENTS, ids=lambda kind: kind.code)
def test_a_code_has_the_form_that_people_search_for(kind):
    assert re.fullmatch(r"[A-Z]{2}-\d{3}", kind.code)
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.name)


@pytest.mark.parametrize("kind", ALL_EVENTS, ids=lambda kind: kind.code)
def test_a_sentence_uses_only_what_the_event_must_carry(kind):
    must_carry = {field.removeprefix("details.") for field in kind.requires}

    assert set(PLACEHOLDER.findall(str(kind.sentence))) <= SPOKEN | must_carry
    assert set(PLACEHOLDER.findall(str(kind.attempt or ""))) <= SPOKEN | {"why"}


def test_a_failure_has_a_code_of_its_own():
    assert Events.USER_TERMINATED.code_for(Outcome.DONE) == "RV-101"
    assert Events.USER_TERMINATED.code_for(Outcome.REFUSED) == "RV-101F"
    assert of_code("RV-101F") is Events.USER_TERMINATED


def test_an_event_is_found_by_itself_and_by_its_name():
    assert listed("user.terminated") is listed(Events.USER_TERMINATED) is Events.USER_TERMINATED


@pytest.mark.parametrize("event", ["user.forgotten", EventKind("RV-101", "user.terminated", "made up")])
def test_an_event_that_is_not_listed_is_refused(event):
    with pytest.raises(UnknownEvent):
        listed(event)


def test_a_code_nobody_listed_is_refused():
    with pytest.raises(UnknownEvent):
        of_code("XX-999")
