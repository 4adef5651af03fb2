"""The contents of settings: only what exists and may be opened, and the matrix as it decides."""

from __future__ import annotations

import pytest

from portal.roles import MATRIX
from sessions_app.models import User
from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

EVERY_SECTION = {
    "roles", "issuers", "applications", "enforcement_points", "oauth_clients", "signing_keys", "unmatched",
    "credentials", "personal_data", "policies",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("ada", EVERY_SECTION),
        ("ivan", EVERY_SECTION - {"roles", "personal_data"}),
        ("sam", EVERY_SECTION - {"roles"}),
        ("aude", {"roles", "credentials", "personal_data", "policies"}),
    ],
)
def test_a_reader_finds_the_sections_they_may_open(
    name: str, sections: set[str], request: pytest.FixtureRequest
):
    response = browser_of(request.getfixturevalue(name)).get("/settings/")

    assert {section.name for section in response.context["sections"]} == sections


@pytest.mark.parametrize("name", ["hana", "paula", "otto"])
def test_whoever_may_open_nothing_is_refused(name: str, request: pytest.FixtureRequest):
    assert browser_of(request.getfixturevalue(name)).get("/settings/").status_code == 403


def test_the_matrix_on_the_page_is_the_one_that_decides(ada: User):
    response = browser_of(ada).get("/settings/")

    shown = {str(what): [str(word) for word in words] for what, words in response.context["matrix"]}
    assert shown == {
        str(what.value): [["", "own", "all"][cell] for cell in cells] for what, cells in MATRIX.items()
    }
