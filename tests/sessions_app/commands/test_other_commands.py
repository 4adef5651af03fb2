"""manage.py credential, explain_token, guard_config and rebuild_blacklist."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import connection

from audit.models import AuditEntry
from sessions_app.blacklist.guard import load_profiles
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import BlacklistState, Issuer, MachineCredential, User
from sessions_app.scheduled.clock import Clock
from sessions_app.tokens.profiles import profiles
from tests.factories import open_session, token_for, verdict_on
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.commands.shell import ran

# --- credential -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_credential_is_shown_once_and_stored_as_a_hash() -> None:
    result = ran("credential", "create", "Okta hook", "--scope", "sessions:write", "revocations:write")

    credential = MachineCredential.objects.get()
    secret = result.out.splitlines()[-1]
    assert credential.is_proved_by(secret)
    assert secret not in json.dumps(AuditEntry.objects.get(event_code="MC-101").details)
    assert secret not in ran("credential", "list", "--json").out
    assert credential.scopes == ["revocations:write", "sessions:write"]


@pytest.mark.django_db
def test_a_revoked_credential_is_listed_as_such() -> None:
    ran("credential", "create", "Okta hook", "--scope", "sessions:write", "--network", "192.0.2.0/24")
    prefix = MachineCredential.objects.get().prefix

    assert ran("credential", "revoke", prefix).code == 0
    assert f"{prefix}  revoked" in ran("credential", "list").out
    assert ran("credential", "revoke", prefix).code == 2
    assert AuditEntry.objects.filter(event_code="MC-102").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [
        ["create", "x"],
        ["create", "--scope", "sessions:write"],
        ["create", "x", "--scope", "everything"],
        ["create", "x", "--scope", "sessions:write", "--days", "91"],
        ["create", "x", "--scope", "sessions:write", "--days", "0"],
        ["create", "x", "--scope", "sessions:write", "--network", "here"],
        ["create", "x", "--scope", "sessions:write", "--network", "192.0.2.7/24"],
        ["revoke", "cfm_00000000"],
    ],
)
def test_a_credential_that_could_do_harm_is_not_made(words: list[str]) -> None:
    assert ran("credential", *words).code in {1, 2}
    assert MachineCredential.objects.count() == 0


# --- explain_token and guard_config ---------------------------------------------------------------


@pytest.mark.django_db
def test_a_token_is_explained_and_not_kept(
    open_gate: EmbeddedRedis, ines: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_for(ines, open_session(ines))
    monkeypatch.setattr("sys.stdin", StringIO(token + "\n"))

    result = ran("explain_token")

    assert result.code == 0
    assert "nw-ines" in result.out
    assert result.out.strip().endswith("The guard says: ALLOWED")
    assert token not in json.dumps(list(AuditEntry.objects.values_list("additional_data", flat=True)))


@pytest.mark.django_db
def test_a_forged_token_is_exit_code_two(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("eyJhbGciOiJub25lIn0.e30.\n"))

    result = ran("explain_token")

    assert result.code == 2
    assert "INVALID" in result.out


@pytest.mark.django_db
def test_the_exported_configuration_is_what_a_guard_elsewhere_reads(issuer: Issuer, tmp_path: Path) -> None:
    path = tmp_path / "issuers.json"
    path.write_text(ran("guard_config").out)

    assert dict(load_profiles(path)()) == dict(profiles())
    assert json.loads(path.read_text())["env"] == "test"


# --- rebuild_blacklist ----------------------------------------------------------------------------


def beat_until(stop: Event, clock: Clock) -> None:
    """A clock in a thread of its own, which leaves no connection behind."""
    clock.run(stop)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_without_a_clock_the_shell_rebuilds_and_gives_the_lease_back(
    redis_server: EmbeddedRedis, ines: User
) -> None:
    ran("revoke", "--user", "ines", "--reason", "offboarding")
    redis_server.flush()

    result = ran("rebuild_blacklist", "--json")

    assert (result.code, result.json()["by"], result.json()["entries"]) == (0, "shell", 1)
    assert verdict_on(token_for(ines)).outcome is Outcome.REVOKED
    assert Clock().beat()


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="threads meet table locks that only SQLite in memory has"
)
@pytest.mark.django_db(transaction=True)
def test_a_running_clock_is_asked_and_no_guard_closes_meanwhile(
    redis_server: EmbeddedRedis, ines: User
) -> None:
    stop, clock = Event(), Clock()
    clock.beat()
    before = BlacklistState.current().generation
    beating = Thread(target=beat_until, args=(stop, clock))
    beating.start()
    try:
        result = ran("rebuild_blacklist", "--json")
    finally:
        stop.set()
        beating.join()

    assert (result.code, result.json()["by"]) == (0, "clock")
    assert BlacklistState.current().generation == before + 1
    assert verdict_on(token_for(ines)).outcome is Outcome.ALLOWED


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_does_not_get_to_it_is_exit_code_three(redis_server: EmbeddedRedis) -> None:
    assert Clock().beat()

    assert ran("rebuild_blacklist", "--wait", "0.1").code == 3
