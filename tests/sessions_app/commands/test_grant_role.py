"""manage.py grant_role."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest

from audit.models import AuditEntry
from sessions_app.models import Role, RoleGrant, User
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db


def test_the_first_admin_comes_in_from_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("correct horse battery staple\n"))

    result = ran(
        "grant_role", "ada", "admin", "--reason", "first Admin", "--create", "--email", "ada@northwind.example",
        "--password-stdin",
    )  # fmt: skip

    ada = User.objects.get()
    assert (result.code, result.out.strip()) == (0, "ada has the role Admin now.")
    assert ada.roles == {Role.ADMIN}
    assert ada.check_password("correct horse battery staple")
    assert AuditEntry.objects.filter(event_code="RO-101", initiator_kind="shell").count() == 1


def test_a_weak_password_makes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("password\n"))

    result = ran("grant_role", "ada", "admin", "--reason", "first Admin", "--create", "--password-stdin")

    assert result.code == 2
    assert "password" in result.error
    assert User.objects.count() == 0


def test_a_role_that_is_refused_leaves_no_new_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("correct horse battery staple\n"))

    result = ran(
        "grant_role",
        "ada",
        "admin",
        "--reason",
        "soon over",
        "--until",
        "2099-01-01",
        "--create",
        "--password-stdin",
    )

    assert result.code == 2
    assert User.objects.count() == 0


def test_a_role_for_a_population_until_a_day(otto: User) -> None:
    result = ran(
        "grant_role",
        "otto",
        "hr",
        "--reason",
        "stands in",
        "--population",
        "country=DE",
        "--until",
        "2099-01-31",
    )

    grant = RoleGrant.objects.get()
    assert result.code == 0
    assert (grant.population_kind, grant.population_value) == ("country", "DE")
    assert grant.expires_at == datetime(2099, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        ["nobody", "hr", "--reason", "stands in"],
        ["otto", "king", "--reason", "stands in"],
        ["otto", "hr", "--reason", "x"],
        ["otto", "hr", "--reason", "stands in", "--population", "planet=earth"],
        ["otto", "hr", "--reason", "stands in", "--population", "country="],
        ["otto", "hr", "--reason", "stands in", "--until", "2001-01-01"],
        ["otto", "hr", "--reason", "stands in", "--until", "tomorrow"],
    ],
)
def test_bad_input_grants_nothing(otto: User, words: list[str]) -> None:
    assert ran("grant_role", *words).code in {1, 2}
    assert RoleGrant.objects.count() == 0


def test_granting_twice_is_said(otto: User) -> None:
    ran("grant_role", "otto", "it", "--reason", "new colleague")

    assert ran("grant_role", "otto", "it", "--reason", "new colleague").code == 2
    assert RoleGrant.objects.count() == 1


def test_a_role_that_does_not_exist_is_answered_with_those_that_do(otto: User) -> None:
    result = ran("grant_role", "otto", "king", "--reason", "no such role")

    assert "one of: hr, it, security" in result.error


def test_a_person_without_a_password_is_said_to_need_one(otto: User) -> None:
    otto.set_unusable_password()
    otto.save()

    result = ran("grant_role", "otto", "hr", "--reason", "covers for Hana")

    assert "`manage.py changepassword otto`" in result.out


def test_a_password_for_somebody_who_is_not_new_is_refused_instead_of_dropped(otto: User) -> None:
    result = ran("grant_role", "otto", "hr", "--reason", "covers for Hana", "--password-stdin")

    assert result.code == 2
    assert not RoleGrant.objects.exists()


def test_an_auditor_from_outside_is_let_into_a_period_from_the_shell(otto: User) -> None:
    result = ran(
        "grant_role", "otto", "auditor", "--reason", "SOC 2", "--until", "2036-12-31", "--population",
        "project=phoenix", "--entries-from", "2026-01-01", "--entries-until", "2026-03-31",
    )  # fmt: skip

    grant = otto.role_grants.get()
    assert result.code == 0
    assert (grant.population_kind, grant.entries_until) == ("project", datetime(2026, 4, 1, tzinfo=UTC))


def test_a_period_without_an_end_of_the_role_is_bad_input(otto: User) -> None:
    result = ran("grant_role", "otto", "auditor", "--reason", "SOC 2", "--entries-from", "2026-01-01")

    assert result.code == 2
    assert not otto.role_grants.exists()
