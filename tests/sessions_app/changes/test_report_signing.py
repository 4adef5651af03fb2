"""Sign-off of a project's report: its manager and an auditor, two people, each exactly what they saw."""

from __future__ import annotations

import pytest

from audit.evidence.project_document import fingerprint_of
from audit.models import AuditEntry
from sessions_app.changes.errors import ChangeRefused, ReasonTooShort
from sessions_app.changes.project_checks import check_now
from sessions_app.changes.report_signing import (
    OwnAccessEnded,
    ReportChanged,
    ReportNotFinished,
    SignedAlready,
    SignedOtherwise,
    sign_off,
)
from sessions_app.models import Project, Role, User
from tests.audit.evidence.scenes import a_phoenix, ended, report_on
from tests.factories import a_grant, a_group, a_person, initiator_of
from tests.redis_server import EmbeddedRedis

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    return a_phoenix(paula)


def sign(project: Project, user: User, **said: str) -> AuditEntry:
    usual = {"seen": fingerprint_of(report_on(project)), "note": "looked at all of it"}
    return sign_off(project, user=user, by=initiator_of(user), **{**usual, **said})


def refusals() -> list[str]:
    return [entry.details["why"] for entry in AuditEntry.objects.filter(event_code="PJ-153F").order_by("id")]


def test_the_manager_and_an_auditor_sign_the_same_report(phoenix, paula, aude):
    ended(phoenix, paula)

    first, second = sign(phoenix, paula), sign(phoenix, aude)

    assert (first.details["capacity"], second.details["capacity"]) == ("manager", "auditor")
    assert first.details["report"] == second.details["report"] == fingerprint_of(report_on(phoenix))
    assert [each.note for each in report_on(phoenix).sign_offs] == ["looked at all of it"] * 2


def test_signing_does_not_change_what_is_signed(phoenix, paula, aude):
    ended(phoenix, paula)
    before = fingerprint_of(report_on(phoenix))

    sign(phoenix, paula)

    assert fingerprint_of(report_on(phoenix)) == before


def test_a_deputy_signs_as_the_manager_does(phoenix, paula):
    deputy = a_person("pedro")
    a_grant(deputy, Role.PROJECT_MANAGER)
    phoenix.deputies.add(deputy)
    ended(phoenix, paula)

    assert sign(phoenix, deputy).details["capacity"] == "manager"


def test_a_manager_who_is_an_auditor_too_does_not_sign_as_both(phoenix, paula):
    a_grant(paula, Role.AUDITOR)
    ended(phoenix, paula)
    sign(phoenix, paula)

    assert refused(phoenix, paula) is SignedAlready
    Project.objects.update(manager=None)
    assert refused(phoenix, paula) is SignedOtherwise
    assert refusals() == ["signed_already", "signed_otherwise"]


def refused(project: Project, user: User, **said: str) -> type[ChangeRefused]:
    with pytest.raises(ChangeRefused) as caught:
        sign(project, user, **said)
    return caught.type


def test_a_report_that_changed_meanwhile_is_not_signed(phoenix, paula, ivan):
    ending = ended(phoenix, paula)
    seen = fingerprint_of(report_on(phoenix))
    check_now(ending, by=initiator_of(ivan))

    assert refused(phoenix, paula, seen=seen) is ReportChanged

    assert not report_on(phoenix).sign_offs


def test_a_report_that_changed_since_is_signed_again(phoenix, paula, ivan):
    ending = ended(phoenix, paula)
    sign(phoenix, paula)
    check_now(ending, by=initiator_of(ivan))

    again = sign(phoenix, paula)

    first, second = report_on(phoenix).sign_offs
    assert (second.entry, second.sha256) == (again.pk, fingerprint_of(report_on(phoenix)))
    assert first.sha256 != second.sha256


def test_nobody_signs_a_report_about_themselves(phoenix, paula, aude):
    a_group("phoenix", aude)
    ended(phoenix, paula)

    assert refused(phoenix, aude) is OwnAccessEnded


def test_before_everybody_is_cut_off_there_is_nothing_to_sign(phoenix, paula, redis_server: EmbeddedRedis):
    redis_server.freeze()
    ended(phoenix, paula)
    redis_server.thaw()

    assert refused(phoenix, paula) is ReportNotFinished


def test_a_note_is_needed(phoenix, paula):
    ended(phoenix, paula)

    with pytest.raises(ReasonTooShort):
        sign(phoenix, paula, note="  x ")
