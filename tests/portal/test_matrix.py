"""The permission matrix over HTTP, cell by cell: every right, every role, nobody, and somebody without a role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.events import Events
from audit.models import AuditEntry
from portal.roles import May, Reach, reach_of
from sessions_app.changes.approvals import ask
from sessions_app.changes.blast_radius import Why
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.models import ApprovalKind, ResourceKind, Role, Step, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_credential, a_grant, a_person, a_project, a_resource, initiator_of, open_session
from tests.portal.signed_in import browser_of, browser_with_factor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

ACTORS: dict[str, Role | None] = {
    "hana": Role.HR,
    "ivan": Role.IT,
    "sam": Role.SECURITY,
    "paula": Role.PROJECT_MANAGER,
    "aude": Role.AUDITOR,
    "ada": Role.ADMIN,
    "otto": None,
}


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where a right is asked for. `{name}` in an address stands for an id of the scene.

    `posts` is what a form there would send; an empty address means the right opens nothing that way.
    `shows` decides by what is on the page, for rights that open no page of their own.
    """

    get: str = ""
    post: str = ""
    posts: dict[str, str] = field(default_factory=dict)
    shows: Callable[[str], bool] | None = None


DOORS: dict[May, Door] = {
    May.SEE_PEOPLE: Door(get="/people/{person}/"),
    May.SEE_SESSIONS: Door(get="/sessions/"),
    May.SEE_SESSION_ORIGIN: Door(get="/sessions/?q=ines", shows=lambda page: "203.0.113.7" in page),
    May.SEE_REVOCATIONS: Door(get="/revocations/"),
    May.TERMINATE_PEOPLE: Door(get="/people/{person}/terminate/", post="/people/{person}/terminate/"),
    May.SCHEDULE_LEAVING: Door(get="/people/{person}/leaving/", post="/people/{person}/leaving/"),
    May.END_SESSIONS: Door(
        post="/sessions/{session}/end/",
        posts={"reason": "user_request", "order_key": "the-matrix"},
    ),
    May.SIGN_OUT_EVERYONE: Door(get="/sessions/everyone/", post="/sessions/everyone/end/"),
    May.ALLOW_SIGN_IN_AGAIN: Door(
        get="/people/{blocked}/allow-sign-in/",
        post="/people/{blocked}/allow-sign-in/",
        posts={"reason": "back"},
    ),
    May.SAY_WRONG_PERSON: Door(
        get="/revocations/{receipt}/wrong-person/",
        post="/revocations/{receipt}/wrong-person/",
        posts={"why": "hit the wrong Left"},
    ),
    May.END_PROJECTS: Door(get="/projects/phoenix/end/", post="/projects/phoenix/end/"),
    May.DO_TASKS: Door(get="/tasks/{task}/", post="/tasks/{task}/", posts={"evidence": "short"}),
    May.CHANGE_MEMBERSHIPS: Door(
        get="/people/{person}/role/",
        post="/people/{person}/role/",
        posts={"order_key": "6f1c7b52-9c1e-4a0e-8d3f-0b5a4b0c9a11"},
    ),
    May.SEE_PROJECTS: Door(get="/projects/phoenix/"),
    May.CREATE_PROJECTS: Door(get="/projects/new/", post="/projects/new/", posts={"key": "new-one"}),
    May.EDIT_PROJECTS: Door(
        get="/projects/phoenix/edit/",
        post="/projects/phoenix/members/add/",
        posts={"names": "nobody"},
    ),
    May.EXTEND_PROJECTS: Door(
        get="/projects/phoenix/end-date/", post="/projects/phoenix/end-date/", posts={"ends_on": "never"}
    ),
    May.SEE_AUDIT: Door(get="/audit/"),
    May.UNMASK_DETAILS: Door(
        get="/audit/{entry}/unmask/", post="/audit/{entry}/unmask/", posts={"purpose": "audit case 2026-11"}
    ),
    May.EXPORT_AUDIT: Door(post="/audit/exports/", posts={"form": "csv"}),
    May.BUILD_EVIDENCE: Door(get="/audit/evidence/", post="/audit/evidence/"),
    May.VERIFY_AUDIT: Door(get="/audit/verify/", post="/audit/verify/"),
    May.SEE_CONFIGURATION: Door(
        get="/settings/issuers/", post="/settings/issuers/explain/", posts={"token": "a.b.c"}
    ),
    May.CHANGE_CONFIGURATION: Door(
        get="/settings/applications/new/",
        post="/settings/applications/new/",
        posts={"key": "new", "name": "New", "asks": "guard", "cache_seconds": "0", "token_seconds": "60"},
    ),
    May.SEE_CREDENTIALS: Door(get="/settings/credentials/"),
    May.CHANGE_CREDENTIALS: Door(
        get="/settings/credentials/new/",
        post="/settings/credentials/new/",
        posts={"name": "Hook", "scopes": "sessions:write", "days": "7"},
    ),
    May.SEE_ROLES: Door(get="/settings/roles/"),
    May.CHANGE_ROLES: Door(
        get="/settings/roles/grant/{person}/",
        post="/settings/roles/grant/{person}/",
        posts={"role": "auditor", "population_kind": "everybody", "reason": "covers for Aude"},
    ),
    May.SEE_PERSONAL_DATA: Door(get="/settings/personal-data/"),
    May.CHANGE_HOLDS: Door(
        get="/settings/personal-data/holds/new/",
        post="/settings/personal-data/holds/new/",
        posts={"person": "ines"},
    ),
    May.ERASE_PEOPLE: Door(
        get="/people/{person}/erase/", post="/people/{person}/erase/", posts={"reason": "asked for it"}
    ),
    May.SEE_APPROVALS: Door(get="/approvals/"),
    May.APPROVE: Door(post="/approvals/{approval}/approve/"),
    May.BREAK_GLASS: Door(post="/approvals/{approval}/break-glass/", posts={"reason": ""}),
    May.SEE_POLICIES: Door(get="/settings/policies/"),
    May.CHANGE_POLICIES: Door(
        get="/settings/policies/edit/", post="/settings/policies/edit/", posts={"people_alone": "no"}
    ),
    May.TAKE_FILES: Door(
        get="/people/{person}/file/", post="/people/{person}/file/", posts={"purpose": "short"}
    ),
    May.SEE_PROJECT_REPORTS: Door(get="/projects/phoenix/report/"),
    May.SIGN_OFF_REPORT: Door(post="/projects/phoenix/report/sign/", posts={"note": "read", "seen": "none"}),
    May.CHECK_PROJECTS: Door(post="/projects/phoenix/report/check/"),
}

LET_IN = {200, 302, 303, 409, 422}  # 409 and 422 are about what was sent, not about who sent it
WITH_A_PAGE = [right for right, door in DOORS.items() if door.get]
WITH_A_FORM = [right for right, door in DOORS.items() if door.post]


@pytest.fixture
def scene(request: pytest.FixtureRequest, ines: User) -> dict[str, str]:
    """Everybody, a session of Ines, somebody whose sign-in is blocked, and a project that Paula manages."""
    people = {name: request.getfixturevalue(name) for name in ACTORS}
    blocked = a_person("blocked", display_name="Left Already")
    revoke(
        Order(
            initiator=initiator_of(people["sam"]),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=blocked.pk),
            received_at=blocked.created_at,
        )
    )
    a_grant(maker := a_person("maker"), Role.HR)
    approval = ask(
        ApprovalKind.TERMINATE,
        request={"user_id": str(ines.pk), "reason": str(Reason.OFFBOARDING), "ticket": ""},
        people=1,
        sessions=0,
        why=[Why.MANY_SESSIONS],
        person=ines,
        by=initiator_of(maker),
    )
    paula = people["paula"]
    a_project("phoenix", ends_at=timezone.now() + timedelta(days=30), manager=paula)
    atlas = a_project("atlas", ends_at=timezone.now() + timedelta(days=30), manager=paula)
    a_resource(atlas, ResourceKind.DEPLOY_KEY, "atlas-deploy")
    end_project(atlas, EndingWish(received_at=timezone.now()), by=initiator_of(paula))
    entry = AuditEntry.objects.of_events(Events.USER_TERMINATED.code).get()
    by_hana = revoke(
        Order(
            initiator=initiator_of(people["hana"]),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=a_person("leaver").pk),
            received_at=blocked.created_at,
        )
    )
    return {
        "person": str(ines.pk),
        "session": str(open_session(ines).pk),
        "blocked": str(blocked.pk),
        "receipt": by_hana.receipt,
        "entry": str(entry.pk),
        "approval": str(approval.pk),
        "task": str(Step.objects.get().pk),
    }


def is_let_in(response: HttpResponse, door: Door) -> bool:
    if response.streaming:
        response.getvalue()  # a file that nobody reads to its end stays open; `close()` would end the transaction
    if response.status_code not in LET_IN:
        assert response.status_code in {403, 404}
        return False
    return door.shows is None or door.shows(response.content.decode())


def test_every_right_of_the_matrix_has_an_address():
    assert set(DOORS) == set(May)


def test_a_page_opens_for_whom_the_matrix_says(scene: dict[str, str]):
    """All of them in one scene: a page changes nothing."""
    doors = {right: DOORS[right] for right in WITH_A_PAGE}

    answers = {
        right: answers_to_each(lambda browser, door=door: browser.get(door.get.format(**scene)), door)
        for right, door in doors.items()
    }

    assert answers == {right: the_matrix_of(right) for right in doors}


@pytest.mark.parametrize("right", WITH_A_FORM, ids=str)
def test_a_form_is_taken_from_whom_the_matrix_says(right: May, scene: dict[str, str]):
    door = DOORS[right]

    answers = answers_to_each(lambda browser: browser.post(door.post.format(**scene), door.posts), door)

    assert answers == the_matrix_of(right)


def test_somebody_not_signed_in_is_led_to_sign_in_by_every_page(scene: dict[str, str], client: Client):
    for right in WITH_A_PAGE:
        assert_is_led_to_sign_in(client.get(DOORS[right].get.format(**scene)))


def test_somebody_not_signed_in_changes_nothing_by_any_form(scene: dict[str, str], client: Client):
    for right in WITH_A_FORM:
        assert_is_led_to_sign_in(client.post(DOORS[right].post.format(**scene), DOORS[right].posts))


def test_a_role_for_one_population_reaches_nobody_else_by_id(ivan: User, ines: User, issuer: Any):
    somebody = a_person("mina", display_name="Mina Holt", country="NO")
    a_grant(somebody, Role.IT, population_kind="country", population_value="NO")
    session = open_session(ines)
    browser = browser_of(somebody)

    answers = [
        browser.get(f"/people/{ines.pk}/").status_code,
        browser.get(f"/sessions/{session.pk}/").status_code,
        browser.get(f"/sessions/{session.pk}/row/", headers={"HX-Request": "true"}).status_code,
        browser.post(f"/sessions/{session.pk}/end/", {"reason": "user_request"}).status_code,
        browser.get(f"/people/{ines.pk}/terminate/").status_code,
    ]

    assert answers == [404] * 5


def test_a_credential_of_somebody_else_does_not_exist_for_it(ivan: User):
    a_credential(name="Payroll robot")
    page = browser_of(ivan).get("/settings/credentials/").content.decode()

    assert "Payroll robot" not in page


def answers_to_each(asking: Callable[[Client], HttpResponse], door: Door) -> dict[str, bool]:
    """Who of the actors is let in; each finds what the scene laid out, whatever those before them did."""
    answers = {}
    for name in ACTORS:
        with transaction.atomic():
            browser = browser_with_factor(User.objects.get(username=name))
            answers[name] = is_let_in(asking(browser), door)
            transaction.set_rollback(True)
    return answers


def the_matrix_of(right: May) -> dict[str, bool]:
    return {
        name: reach_of(frozenset({role} if role else ()), right) > Reach.NO for name, role in ACTORS.items()
    }


def assert_is_led_to_sign_in(response: HttpResponse) -> None:
    assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, "/accounts/login/")
