"""manage.py revoke."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from audit.models import AuditEntry
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Application, Revocation, User
from tests.factories import (
    ISS,
    a_group,
    a_person,
    a_realm,
    a_token_row,
    an_entitlement,
    an_identity,
    an_issuer,
    open_session,
    token_for,
    verdict_on,
)
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_shell_ends_a_persons_access(open_gate: EmbeddedRedis, ines: User) -> None:
    token = token_for(ines, open_session(ines))

    result = ran("revoke", "--user", "ines@northwind.example", "--reason", "offboarding", "--ticket", "HR-1")

    revocation = Revocation.objects.get()
    assert result.code == 0
    assert f"{revocation.receipt}: ines, 1 session ended, cut off." in result.out
    assert (revocation.initiator_kind, revocation.door, revocation.ticket) == ("shell", "shell", "HR-1")
    assert verdict_on(token).outcome is Outcome.REVOKED


def test_the_result_as_json_says_what_scripts_need(open_gate: EmbeddedRedis, ines: User) -> None:
    result = ran("revoke", "--user", "ines", "--reason", "role_change", "--json")

    assert result.json()["receipt"] == Revocation.objects.get().receipt
    assert result.json()["cut_off_at"] is not None


def test_doing_it_again_says_it_was_done(open_gate: EmbeddedRedis, ines: User) -> None:
    ran("revoke", "--user", "ines", "--reason", "offboarding")

    result = ran("revoke", "--user", "N-" + ines.employee_number[2:], "--reason", "offboarding")

    assert result.code == 0
    assert "An earlier order had already done this." in result.out
    assert Revocation.objects.count() == 1


def test_decided_but_not_cut_off_is_exit_code_three(ines: User, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///tmp/nobody-listens-here.sock"

    result = ran("revoke", "--user", "ines", "--reason", "offboarding")

    assert result.code == 3
    assert "NOT YET CUT OFF" in result.out
    assert Revocation.objects.pending().count() == 1


def test_one_session_and_one_token_can_be_ended(open_gate: EmbeddedRedis, ines: User) -> None:
    laptop, phone = open_session(ines, sid="laptop"), open_session(ines, sid="phone")
    a_token_row(phone, token_id="leaked")

    assert ran("revoke", "--session", "laptop", "--reason", "user_request").code == 0
    assert ran("revoke", "--token", "leaked", "--reason", "security_incident").code == 0

    assert verdict_on(token_for(ines, laptop)).cause == "session_revoked"
    assert verdict_on(token_for(ines, phone, jti="leaked")).cause == "token_revoked"
    assert verdict_on(token_for(ines, phone)).outcome is Outcome.ALLOWED


def test_several_sessions_end_as_one_order_and_no_other(
    open_gate: EmbeddedRedis, ines: User, carlos: User
) -> None:
    laptop, phone = open_session(ines, sid="laptop"), open_session(ines, sid="phone")
    contractors = open_session(carlos, sid="contractors")

    result = ran("revoke", "--session", "laptop", "--session", "contractors", "--reason", "security_incident")

    revocation = Revocation.objects.get()
    assert result.code == 0
    assert "2 sessions ended, cut off" in result.out
    assert "carlos, ines" in result.out
    assert (revocation.scope, revocation.sessions_ended) == ("sessions", 2)
    assert verdict_on(token_for(ines, laptop)).cause == "session_revoked"
    assert verdict_on(token_for(carlos, contractors)).cause == "session_revoked"
    assert verdict_on(token_for(ines, phone)).outcome is Outcome.ALLOWED


def test_the_same_session_named_twice_is_one(open_gate: EmbeddedRedis, ines: User) -> None:
    open_session(ines, sid="laptop")

    ran("revoke", "--session", "laptop", "--session", "laptop", "--reason", "user_request")

    assert Revocation.objects.get().scope == "session"


def test_an_id_in_two_realms_is_ambiguous_until_the_issuer_is_named(
    open_gate: EmbeddedRedis, ines: User
) -> None:
    other = an_issuer("https://other.example", realm=a_realm("other"))
    an_identity(ines, realm="other")
    open_session(ines, sid="same")
    open_session(ines, issuer=other, sid="same")

    ambiguous = ran("revoke", "--session", "same", "--reason", "user_request")
    named = ran("revoke", "--session", "same", "--issuer", ISS, "--reason", "user_request")

    assert (ambiguous.code, named.code) == (2, 0)
    assert "Name the issuer" in ambiguous.error


def test_a_name_of_two_people_ends_nobody(ines: User) -> None:
    a_person("other", email=ines.email)

    result = ran("revoke", "--user", ines.email, "--reason", "offboarding")

    assert result.code == 2
    assert "ines" in result.error
    assert "other" in result.error
    assert Revocation.objects.count() == 0


def test_a_person_is_named_by_issuer_and_subject(open_gate: EmbeddedRedis, ines: User) -> None:
    assert ran("revoke", "--issuer", ISS, "--subject", "nw-ines", "--reason", "offboarding").code == 0
    assert Revocation.objects.of(ines).count() == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--user", "nobody", "--reason", "offboarding"],
        ["--user", "", "--reason", "offboarding"],
        ["--user", "ines", "--reason", "because"],
        ["--user", "ines", "--reason", "other", "--note", "short"],
        ["--user", "carlos", "--issuer", ISS, "--subject", "nw-ines", "--reason", "offboarding"],
        ["--session", "unheard-of", "--reason", "offboarding"],
        ["--session", "known", "--session", "unheard-of", "--reason", "offboarding"],
        [*["--session", "known"] * 1001, "--reason", "user_request"],
        ["--session", "x", "--issuer", ISS, "--subject", "nw-ines", "--reason", "offboarding"],
        ["--token", "unheard-of", "--reason", "offboarding"],
        ["--user", "ines", "--session", "x", "--reason", "offboarding"],
        ["--subject", "nw-ines", "--reason", "offboarding"],
        ["--reason", "offboarding"],
        ["--user", "ines"],
    ],
)
def test_bad_input_is_exit_code_two_and_changes_nothing(ines: User, carlos: User, words: list[str]) -> None:
    open_session(ines, sid="known")

    assert ran("revoke", *words).code in {1, 2}
    assert Revocation.objects.count() == 0


def test_the_last_admin_cannot_be_blocked_from_the_shell_either(ada: User) -> None:
    result = ran("revoke", "--user", "ada", "--reason", "offboarding")

    assert result.code == 2
    assert AuditEntry.objects.filter(event_code="RV-112F", initiator_kind="shell").count() == 1


# --- Many at once -----------------------------------------------------------------------------------


def test_a_group_is_told_in_numbers(open_gate: EmbeddedRedis, ines: User, otto: User) -> None:
    a_group("finance", ines, otto)
    open_session(ines)

    result = ran("revoke", "--group", "finance", "--reason", "role_change")

    assert result.code == 0
    assert f"{Revocation.objects.get().receipt}: 2 people, 1 session ended, cut off." in result.out


def test_the_people_of_a_file_are_all_named_or_nobody_ends(
    open_gate: EmbeddedRedis, ines: User, otto: User, tmp_path: Path
) -> None:
    file = tmp_path / "leavers.txt"
    file.write_text("# leavers\nines\n\notto@northwind.example\nnobody\n")

    refused = ran("revoke", "--users", str(file), "--reason", "offboarding")
    file.write_text("ines\notto@northwind.example\n")
    done = ran("revoke", "--users", str(file), "--reason", "offboarding", "--json")

    assert (refused.code, done.code) == (2, 0)
    assert "Line 5" in refused.error
    assert (Revocation.objects.get().scope, done.json()["people"]) == ("people", 2)


def test_a_file_that_is_none_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\xff\xfe\x00")

    assert ran("revoke", "--users", str(tmp_path / "missing"), "--reason", "role_change").code == 2
    assert ran("revoke", "--users", str(tmp_path / "picture"), "--reason", "role_change").code == 2


def test_an_entitlement_and_one_person_at_an_application(
    open_gate: EmbeddedRedis, ines: User, otto: User, wiki: Application
) -> None:
    an_entitlement(wiki, a_group("editors", ines), "edit")
    open_session(otto, wiki)

    ran("revoke", "--entitlement", "wiki:edit", "--reason", "role_change")
    ran("revoke", "--user", "otto", "--application", "wiki", "--reason", "role_change")

    assert set(Revocation.objects.values_list("scope", flat=True)) == {"entitled", "at_app"}


def test_everyone_is_asked_for_twice_where_nobody_types(ines: User) -> None:
    result = ran("revoke", "--everyone", "--reason", "security_incident")

    assert result.code == 2
    assert not Revocation.objects.exists()


def test_everyone_is_decided_and_cut_off_by_the_clock(open_gate: EmbeddedRedis, ines: User) -> None:
    token = token_for(ines, open_session(ines))

    result = ran("revoke", "--everyone", "--yes", "--reason", "security_incident")

    assert result.code == 3
    assert verdict_on(token).outcome is Outcome.REVOKED


def test_an_application_belongs_to_a_person(ines: User) -> None:
    a_group("finance", ines)

    result = ran("revoke", "--group", "finance", "--application", "wiki", "--reason", "role_change")

    assert result.code == 2
