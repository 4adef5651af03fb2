"""Every command leaves exactly its entries, and one without a row in the table fails here."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.db import connection, transaction
from django.db.utils import DatabaseError
from pytest_django import Settings

from audit.initiators import the_shell
from audit.models import AuditEntry
from portal.portal_sessions import prepare_own_places
from sessions_app.models import OAuthClient, User
from tests.every_deed import commands, privacy  # noqa: F401  # each fills the table
from tests.every_deed.deeds import DEEDS, Deed, left_since, newest_entry, receipts_behind
from tests.every_deed.scene import Scene, status_of
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db

OURS = ("portal", "sessions_app", "audit")
AT_THE_SHELL = [each for each in DEEDS if each.at.startswith("manage.py")]


def test_every_command_of_ours_has_its_row():
    ours = {name for name, app in get_commands().items() if app in OURS}

    assert {f"manage.py {name}" for name in ours} == {each.at for each in AT_THE_SHELL}


def at_the_shell() -> list[Any]:
    """The clock lets go of its connections, which on PostgreSQL would end a test's own transaction."""
    committed = pytest.mark.django_db(transaction=True)
    return [
        pytest.param(each, id=str(each), marks=[committed] if each.at == "manage.py clock" else [])
        for each in AT_THE_SHELL
    ]


@pytest.mark.parametrize("deed", at_the_shell())
def test_a_command_leaves_exactly_its_entries(deed: Deed, scene: Scene):
    act = deed.prepare(scene)
    before = newest_entry()

    result = act()

    assert status_of(result) == deed.answers
    assert left_since(before) == list(deed.leaves)
    assert receipts_behind() == []


def test_the_first_start_is_in_the_trail_as_the_shell_s():
    prepare_own_places()

    assert left_since(0) == [
        "CH-001 shell realm",
        "CH-001 shell issuer",
        "CH-001 shell application",
        "CH-001 shell issuer",
        "ST-105 shell signing_key",
        "CH-002 shell issuer",
        "CH-001 shell policy",
    ]


def test_the_second_start_leaves_nothing_in_the_trail():
    prepare_own_places()
    before = newest_entry()

    prepare_own_places()

    assert left_since(before) == []


def test_the_demo_company_is_loaded_by_the_shell_and_says_so(
    settings: Settings, tmp_path: object, open_gate: object
):
    settings.DEMO, settings.DATA_DIR = True, tmp_path

    ran("demo")

    assert AuditEntry.objects.filter(event_code="DE-101", initiator_kind="shell").count() == 1
    assert not AuditEntry.objects.exclude(initiator_kind__in=["shell", "clock"]).exists()


def test_a_demo_person_who_signs_in_for_a_token_is_recorded(
    settings: Settings, tmp_path: object, open_gate: object
):
    settings.DEMO, settings.DATA_DIR = True, tmp_path
    ran("demo")
    before = newest_entry()

    ran("demo", "token", "ines", "--new-session")

    assert left_since(before) == ["SE-101 shell ines"]


# --- Commands of the libraries --------------------------------------------------------------------

# They write, read or describe tables as whoever owns the database can; the chain's verifier tells of it.
OF_THE_DATABASE = {
    "dbshell", "shell", "migrate", "loaddata", "dumpdata", "flush", "createcachetable", "sqlflush",
    "sqlmigrate", "sqlsequencereset", "inspectdb", "showmigrations", "remove_stale_contenttypes",
}  # fmt: skip
# They look at the code or write files.
OF_THE_CODE = {
    "check", "compilemessages", "makemessages", "makemigrations", "optimizemigration", "squashmigrations",
    "startapp", "startproject", "diffsettings", "test", "testserver", "runserver", "collectstatic",
    "findstatic", "sendtestemail",
}  # fmt: skip
# They remove what is over anyhow: browsers' sessions, codes that lived a minute; or know no row of ours.
OF_WHAT_IS_OVER = {
    "clearsessions",
    "cleartokens",
    "clearcimdapplications",
    "account_unsetmultipleprimaryemails",
}
# They would change what is recorded, and cannot: tested below.
REFUSED = {"auditlogflush", "auditlogmigratejson", "createapplication", "createsuperuser"}


def test_every_command_of_a_library_was_thought_about():
    others = {name for name, app in get_commands().items() if app not in OURS}

    assert others == OF_THE_DATABASE | OF_THE_CODE | OF_WHAT_IS_OVER | REFUSED


@pytest.mark.parametrize("words", [("auditlogflush", "--yes"), ("flush", "--noinput")], ids=" ".join)
def test_no_command_empties_the_trail(words: tuple[str, ...], scene: Scene):
    entries = AuditEntry.objects.count()

    with pytest.raises((DatabaseError, CommandError)), transaction.atomic():
        call_command(*words)

    assert AuditEntry.objects.count() == entries > 0


def test_a_library_s_command_registers_no_client(scene: Scene):
    call_command("createapplication", "confidential", "authorization-code", redirect_uris="https://a.example")

    assert not OAuthClient.objects.exists()


def test_django_s_command_makes_nobody_unrecorded(scene: Scene):
    people = User.objects.count()

    with pytest.raises(AttributeError), transaction.atomic():
        call_command("createsuperuser", "--noinput", username="intruder")

    assert User.objects.count() == people
    assert connection.is_usable()


def test_the_shell_is_whoever_types(scene: Scene):
    ran("credential", "create", "Hook", "--scope", "sessions:write")

    newest = AuditEntry.objects.latest("id")
    assert (newest.initiator_kind, newest.initiator_id, newest.door) == ("shell", the_shell().id, "shell")
