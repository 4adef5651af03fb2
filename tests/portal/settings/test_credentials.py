"""Machine credentials on the page: shown once, owned by whoever made them, refused from the next call on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.models import MachineCredential, Role, User
from sessions_app.models.roles import PopulationKind
from tests.factories import a_credential, a_grant, a_person
from tests.portal.signed_in import HTMX, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

HOOK = {"name": "Okta hook", "scopes": ["sessions:write"], "networks": "192.0.2.0/24", "days": "7"}


def made_by(user: User, **changes: object) -> MachineCredential:
    browser_of(user).post("/settings/credentials/new/", {**HOOK, **changes})
    return MachineCredential.objects.get(name=changes.get("name", HOOK["name"]))


def test_the_secret_is_in_one_answer_and_nowhere_else(ada: User):
    browser = browser_of(ada)

    response = browser.post("/settings/credentials/new/", HOOK)

    secret = response.context["made"].secret
    credential = MachineCredential.objects.get()
    assert secret in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert credential.is_proved_by(secret)
    assert secret not in browser.get("/settings/credentials/").content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scopes": []}, "This field is required"),
        ({"scopes": ["everything"]}, "Select a valid choice"),
        ({"networks": "office"}, "Give networks as"),
        ({"days": "3650"}, "Select a valid choice"),
        ({"name": "\u202e"}, "Give it a name"),
    ],
    ids=["no scope", "no such scope", "no network", "too long", "invisible name"],
)
def test_a_wrong_credential_is_said_on_the_form_and_none_is_made(
    change: dict[str, object], sentence: str, ada: User
):
    response = browser_of(ada).post("/settings/credentials/new/", {**HOOK, **change})

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not MachineCredential.objects.exists()


def test_it_sees_and_revokes_only_what_it_made(ivan: User, ada: User):
    own, other = made_by(ivan), made_by(ada, name="Directory sync")
    browser = browser_of(ivan)

    page = browser.get("/settings/credentials/").content.decode()
    statuses = [
        browser.post(f"/settings/credentials/{row.pk}/revoke/", {"x": "1"}).status_code
        for row in (own, other)
    ]

    assert ("Okta hook" in page, "Directory sync" in page) == (True, False)
    assert statuses == [303, 404]
    assert [MachineCredential.objects.get(pk=row.pk).revoked_at is None for row in (own, other)] == [
        False,
        True,
    ]


def test_a_namesake_does_not_own_what_the_other_made(ivan: User, sam: User):
    made_by(ivan)
    sam.display_name = ivan.display_name
    sam.save()

    assert "Okta hook" not in browser_of(sam).get("/settings/credentials/").content.decode()


@pytest.mark.parametrize(
    ("name", "scope", "status"),
    [
        ("ivan", "people:write", 422),
        ("ada", "people:write", 200),
        ("ada", "revocations:write", 422),
        ("ada", "revocations:read", 422),
        ("ivan", "revocations:write", 200),
        ("sam", "revocations:read", 200),
        ("sam", "audit:export", 200),
        ("ivan", "audit:export", 422),
        ("ada", "audit:export", 422),
    ],
)
def test_nobody_lets_a_program_do_what_their_own_role_does_not_allow(
    name: str, scope: str, status: int, request: pytest.FixtureRequest
):
    maker = request.getfixturevalue(name)

    response = browser_of(maker).post("/settings/credentials/new/", {**HOOK, "scopes": [scope]})

    assert response.status_code == status
    assert MachineCredential.objects.count() == (status == 200)


def test_whoever_reaches_some_people_makes_no_program_that_reaches_all():
    someone = a_person("hugo")
    a_grant(someone, Role.IT, population_kind=PopulationKind.COUNTRY, population_value="FR")

    response = browser_of(someone).post(
        "/settings/credentials/new/", {**HOOK, "scopes": ["revocations:write"]}
    )

    assert response.status_code == 422
    assert not MachineCredential.objects.exists()


def test_whoever_reads_a_period_of_the_trail_makes_no_program_that_exports_all_of_it(ada: User):
    a_period = {"entries_from": timezone.now() - timedelta(days=90), "entries_until": timezone.now()}
    a_grant(ada, Role.AUDITOR, expires_at=timezone.now() + timedelta(days=7), **a_period)

    response = browser_of(ada).post("/settings/credentials/new/", {**HOOK, "scopes": ["audit:export"]})

    assert response.status_code == 422
    assert not MachineCredential.objects.exists()


def test_revoking_twice_is_said_and_changes_nothing(ada: User):
    credential = made_by(ada)
    browser = browser_of(ada)
    browser.post(f"/settings/credentials/{credential.pk}/revoke/", {"x": "1"})

    page = browser.post(
        f"/settings/credentials/{credential.pk}/revoke/", {"x": "1"}, follow=True
    ).content.decode()

    assert "already revoked" in page


def test_the_question_before_revoking_is_a_part_for_htmx_and_a_page_without(ada: User):
    credential = made_by(ada)
    browser = browser_of(ada)

    part = browser.get(f"/settings/credentials/{credential.pk}/revoke/", headers=HTMX).content.decode()
    page = browser.get(f"/settings/credentials/{credential.pk}/revoke/").content.decode()

    assert ("<html" in part, "<html" in page) == (False, True)
    assert "Revoke the credential Okta hook?" in part


def test_the_auditor_reads_them_all_and_has_no_buttons(aude: User, ada: User):
    credential = made_by(ada)
    a_credential(name="<b>Bold</b>")

    page = browser_of(aude).get("/settings/credentials/").content.decode()

    assert "Okta hook" in page
    assert "<b>Bold" not in page
    assert f"/settings/credentials/{credential.pk}/revoke/" not in page
