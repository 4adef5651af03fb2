"""Which entries somebody may read: the table by role, narrowed by population."""

from __future__ import annotations

import pytest
from django.db import transaction

from audit.events import ALL_EVENTS, EventKind, Events
from audit.initiators import the_shell
from audit.models import AuditEntry
from audit.record import Target, record
from portal.audit_scope import SCOPES, entries_for
from portal.presenters.audit_words import GROUPS, TITLES
from portal.roles import May, Reach, reach_of
from sessions_app.models import Role, User
from tests.factories import a_grant, a_person, forget_roles, initiator_of

pytestmark = pytest.mark.django_db

DETAILS = {"why": "so", "role": "hr", "realm": "northwind", "entries": 3}


def an_entry(event: EventKind, about: User, *, by: User | None = None) -> AuditEntry:
    with transaction.atomic():
        return record(
            event,
            initiator=initiator_of(by) if by else the_shell(),
            target=Target.of(about, label=about.display_name),
            reason="offboarding",
            receipt="CF-0123456789",
            sessions_ended=1,
            details=DETAILS,
        )


def readable(viewer: User) -> set[str]:
    forget_roles(viewer)
    return {entry.event_code for entry in entries_for(viewer).of_receipt("CF-0123456789")}


def test_the_table_and_the_matrix_agree_about_who_reads_everything():
    reads_all = {role for role, scope in SCOPES.items() if scope.everything}

    assert reads_all == {role for role in Role if reach_of(frozenset({role}), May.SEE_AUDIT) is Reach.ALL}
    assert set(SCOPES) == {role for role in Role if reach_of(frozenset({role}), May.SEE_AUDIT) > Reach.NO}


def test_hr_reads_own_actions_only(hana: User, ivan: User, ines: User):
    an_entry(Events.USER_TERMINATED, ines, by=hana)
    an_entry(Events.SESSION_ENDED, ines, by=ivan)

    assert readable(hana) == {"RV-101"}


def test_it_reads_what_ended_what_was_seen_and_the_blacklist(ivan: User, ines: User):
    for event in (
        Events.USER_TERMINATED,
        Events.SESSION_REPORTED,
        Events.BLACKLIST_LOST,
        Events.ROLE_GRANTED,
    ):
        an_entry(event, ines)

    assert readable(ivan) == {"RV-101", "SE-101", "BL-101"}


def test_an_admin_reads_configuration_but_not_who_was_ended(ada: User, ines: User):
    for event in (
        Events.ROLE_GRANTED,
        Events.CREDENTIAL_CREATED,
        Events.ISSUER_SAVED,
        Events.USER_TERMINATED,
    ):
        an_entry(event, ines)

    assert readable(ada) == {"RO-101", "MC-101", "ST-101"}


@pytest.mark.parametrize("name", ["sam", "aude"])
def test_security_and_the_auditor_read_everything(name: str, ines: User, request: pytest.FixtureRequest):
    an_entry(Events.USER_TERMINATED, ines)
    an_entry(Events.ROLE_GRANTED, ines)

    assert readable(request.getfixturevalue(name)) == {"RV-101", "RO-101"}


@pytest.mark.parametrize("name", ["otto", "paula"])
def test_others_read_nothing(name: str, ines: User, request: pytest.FixtureRequest):
    an_entry(Events.USER_TERMINATED, ines)

    assert readable(request.getfixturevalue(name)) == set()


def test_a_population_narrows_what_even_security_reads(ines: User, carlos: User):
    somebody = a_person("mina")
    a_grant(somebody, Role.SECURITY, population_kind="country", population_value="ES")
    an_entry(Events.USER_TERMINATED, ines)
    an_entry(Events.SESSION_ENDED, carlos)

    assert readable(somebody) == {"RV-102"}


def test_every_event_has_a_short_name_and_belongs_to_a_group_or_is_rare():
    assert set(TITLES) == {event.code for event in ALL_EVENTS}
    assert {code.split("-")[0] for code in TITLES} - set(GROUPS) == {"DE", "EX"}
