"""Ending one session from the list: in its place, with a receipt, and only what may be ended."""

from __future__ import annotations

import pytest

from audit.events import Events
from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Revocation, Session, User
from sessions_app.revocation.connections import session_guard
from tests.factories import open_session
from tests.portal.signed_in import HTMX, browser_of
from tests.redis_server import EmbeddedRedis

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

ASKED = {"reason": "user_request", "order_key": "one-click", "note": "", "ticket": ""}


def is_refused(session: Session) -> bool:
    verdict = session_guard().check_session(
        session.realm.key, session.identity.person_id, session.sid, int(session.began_at.timestamp() * 1000)
    )
    return verdict.outcome is Outcome.REVOKED


def test_a_session_ended_here_is_refused_before_the_page_answers(ivan: User, ines: User):
    ended, other = open_session(ines), open_session(ines)

    response = browser_of(ivan).post(f"/sessions/{ended.pk}/end/", ASKED)

    receipt = Revocation.objects.get().receipt
    assert (response.status_code, response.url) == (303, f"/revocations/{receipt}/")
    assert (is_refused(ended), is_refused(other)) == (True, False)


def test_with_htmx_the_answer_stands_in_place_of_the_row(ivan: User, ines: User):
    session = open_session(ines)

    response = browser_of(ivan).post(f"/sessions/{session.pk}/end/", ASKED, headers=HTMX)

    page = response.content.decode()
    assert page.strip().startswith("<tbody")
    assert Revocation.objects.get().receipt in page
    assert "Cut off" in page


def test_while_the_blacklist_is_away_nothing_says_cut_off(ivan: User, ines: User, settings: object):
    session = open_session(ines)
    browser = browser_of(ivan)
    settings.REDIS_URL = "unix:///nowhere/redis.sock"  # type: ignore[attr-defined]  # pytest-django's fixture

    page = browser.post(f"/sessions/{session.pk}/end/", ASKED, headers=HTMX).content.decode()

    assert "NOT YET CUT OFF" in page
    assert "Cut off" not in page


def test_pressing_twice_ends_it_once(ivan: User, ines: User):
    session = open_session(ines)
    browser = browser_of(ivan)

    answers = [browser.post(f"/sessions/{session.pk}/end/", ASKED).url for _ in range(2)]

    assert answers[0] == answers[1]
    assert Revocation.objects.count() == 1


def test_another_reason_needs_a_note_and_ends_nothing_without_one(ivan: User, ines: User):
    session = open_session(ines)

    response = browser_of(ivan).post(
        f"/sessions/{session.pk}/end/", {**ASKED, "reason": "other"}, headers=HTMX
    )

    assert response.status_code == 422
    assert "at least 10 characters" in response.content.decode()
    assert not Revocation.objects.exists()


@pytest.mark.parametrize("reason", ["", "canary", "security_incident", "nonsense"])
def test_a_reason_the_role_may_not_use_ends_nothing(reason: str, ivan: User, ines: User):
    session = open_session(ines)

    response = browser_of(ivan).post(f"/sessions/{session.pk}/end/", {**ASKED, "reason": reason})

    assert response.status_code == 422
    assert not Revocation.objects.exists()


def test_the_session_of_a_privileged_person_is_for_security_only(ivan: User, ada: User):
    session = open_session(ada)
    browser = browser_of(ivan)

    page = browser.get(f"/sessions/{session.pk}/").content.decode()
    response = browser.post(f"/sessions/{session.pk}/end/", ASKED)

    assert "Only Security" in page
    assert f"/sessions/{session.pk}/end/" not in page
    assert response.status_code == 403
    assert "Only Security can end their access" in response.content.decode()


def test_own_sessions_are_ended_on_the_own_page(ivan: User):
    session = open_session(ivan)

    response = browser_of(ivan).post(f"/sessions/{session.pk}/end/", ASKED)

    assert (response.status_code, response.url) == (303, "/me/")
    assert not Revocation.objects.exists()


def test_a_session_without_an_id_says_why_it_cannot_end_alone(ivan: User, ines: User):
    session = open_session(ines, sid=None, client="desktop")

    page = browser_of(ivan).get(f"/sessions/{session.pk}/").content.decode()

    assert "ends only together with all" in page


def test_opening_somebodys_session_is_an_entry_once_in_a_while(ivan: User, ines: User):
    session = open_session(ines)
    browser = browser_of(ivan)

    browser.get(f"/sessions/{session.pk}/")
    browser.get(f"/sessions/{session.pk}/", headers=HTMX)

    looks = AuditEntry.objects.of_events(Events.PERSON_VIEWED.code).about_person(ines.pk)
    assert [entry.initiator_id for entry in looks] == [str(ivan.pk)]


def test_ending_is_never_done_by_following_a_link(ivan: User, ines: User, open_gate: EmbeddedRedis):
    session = open_session(ines)

    assert browser_of(ivan).get(f"/sessions/{session.pk}/end/").status_code == 405
