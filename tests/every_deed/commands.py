"""What is done at the shell of the server, each command through `manage.py` itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone

from audit.initiators import the_shell
from portal.starting.preparation import prepare_database
from sessions_app.changes.credentials import create_credential
from sessions_app.models import Lease, Role
from sessions_app.scheduled import clock
from tests.every_deed.deeds import Act, deed, newest_entry
from tests.factories import a_grant, an_enforcement_point, token_for
from tests.oauth_client import an_app
from tests.portal.endings.scenes import phoenix_of
from tests.portal.test_sign_in_changes import SECRET
from tests.sessions_app.commands.shell import Ran, ran
from tests.sessions_app.commands.test_import_people import HEADER, MIGUEL
from tests.sessions_app.commands.test_oauth_commands import REDIRECT_URI

WHY = ("--reason", "needed for the scene")


def typed(scene: Any, line: str) -> None:
    """On standard input."""
    scene.fixture("monkeypatch").setattr("sys.stdin", StringIO(line + "\n"))


@deed("manage.py changepassword", "SI-107 shell otto", answers=0)
def giving_a_password(scene: Any) -> Act:
    typed(scene, "another long enough phrase")
    return lambda: ran("changepassword", "otto", "--password-stdin")


@deed("manage.py clock", "RO-103 clock otto", answers=0)
def letting_the_clock_run(scene: Any) -> Act:
    """Until it has noted that a role has reached its end."""
    a_grant(scene.otto, Role.AUDITOR, expires_at=timezone.now() - timedelta(minutes=1))
    Lease.objects.update(expires_at=F("expires_at") - timedelta(minutes=5))
    # It would close the one connection whose transaction this test is.
    scene.fixture("monkeypatch").setattr(clock, "close_old_connections", lambda: None)
    return _stopped_once_it_wrote


def _stopped_once_it_wrote() -> Ran:
    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    stopper = threading.Thread(target=_stop_once_written, args=(newest_entry(),))
    stopper.start()
    try:
        return ran("clock")
    finally:
        stopper.join()
        for name, handler in handlers.items():
            signal.signal(name, handler)


def _stop_once_written(newest: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and not _is_newer_than(newest):
        time.sleep(0.1)
    connection.close()
    os.kill(os.getpid(), signal.SIGTERM)


def _is_newer_than(newest: int) -> bool:
    """Threads of one test process meet table locks that only SQLite in memory has; then it is asked again."""
    try:
        return newest_entry() > newest
    except OperationalError:
        return False


@deed("manage.py credential", "MC-101 shell machine_credential", answers=0)
def creating_a_credential(scene: Any) -> Act:
    return lambda: ran("credential", "create", "Hook", "--scope", "sessions:write")


@deed("manage.py credential", "MC-102 shell machine_credential", answers=0)
def revoking_a_credential(scene: Any) -> Act:
    made = create_credential(name="Hook", scopes=["sessions:write"], by=the_shell())
    return lambda: ran("credential", "revoke", made.credential.prefix)


@deed("manage.py credential", answers=0)
def listing_credentials(scene: Any) -> Act:
    return lambda: ran("credential", "list")


@deed("manage.py explain_token", "ST-104 shell -", answers=0)
def having_a_token_explained(scene: Any) -> Act:
    typed(scene, token_for(scene.ines))
    return lambda: ran("explain_token")


@deed("manage.py evidence_pack", "EV-101 shell leaver_list", "EV-110 shell leaver_list", answers=0)
def building_an_evidence_pack(scene: Any) -> Act:
    folder = scene.fixture("tmp_path")
    (folder / "leavers.csv").write_text("username,left_on\nnobody,2026-11-23\n")
    words = ("--from", "2026-11-01", "--until", "2026-11-30", "--source", "Workday", "--query", "Leavers")
    return lambda: ran(
        "evidence_pack", str(folder / "leavers.csv"), *words, "--out", str(folder / "evidence.zip")
    )


@deed("manage.py export_audit", "EX-101 shell audit", answers=0)
def taking_the_trail_as_a_file(scene: Any) -> Act:
    return lambda: ran("export_audit", "--out", str(scene.fixture("tmp_path") / "trail.csv"))


@deed("manage.py grant_role", "RO-101 shell otto", answers=0)
def granting_a_role(scene: Any) -> Act:
    return lambda: ran("grant_role", "otto", "auditor", *WHY)


@deed("manage.py grant_role", "PE-101 shell newcomer", "RO-101 shell newcomer", answers=0)
def bringing_in_an_admin(scene: Any) -> Act:
    typed(scene, "another long enough phrase")
    return lambda: ran("grant_role", "newcomer", "admin", *WHY, "--create", "--password-stdin")


@deed("manage.py grant_role", "RO-101F shell ada", answers=2)
def granting_what_is_held(scene: Any) -> Act:
    return lambda: ran("grant_role", "ada", "admin", *WHY)


@deed("manage.py guard_config", answers=0)
def printing_what_a_guard_needs(scene: Any) -> Act:
    return lambda: ran("guard_config")


@deed("manage.py gateway_config", answers=0)
def printing_what_a_proxy_needs(scene: Any) -> Act:
    an_enforcement_point()
    return lambda: ran("gateway_config")


@deed("manage.py import_people", "PE-103 shell miguel", "PE-101 shell miguel", answers=0)
def importing_people(scene: Any) -> Act:
    file: Path = scene.fixture("tmp_path") / "people.csv"
    file.write_text(HEADER + MIGUEL)
    return lambda: ran("import_people", str(file))


@deed("manage.py oauth_client", "CH-001 shell o_auth_client", "ST-106 shell oauth_client", answers=0)
def registering_a_client(scene: Any) -> Act:
    return lambda: ran("oauth_client", "create", "wiki", "--redirect-uri", REDIRECT_URI)


@deed("manage.py oauth_client", "CH-002 shell o_auth_client", "ST-107 shell oauth_client", answers=0)
def drawing_a_secret(scene: Any) -> Act:
    an_app()
    return lambda: ran("oauth_client", "secret", "dashboard")


@deed("manage.py oauth_client", "CH-002 shell o_auth_client", "ST-108 shell oauth_client", answers=0)
def switching_a_client_off(scene: Any) -> Act:
    an_app()
    return lambda: ran("oauth_client", "off", "dashboard")


@deed("manage.py oauth_client", "CH-002 shell o_auth_client", "ST-108 shell oauth_client", answers=0)
def switching_a_client_on(scene: Any) -> Act:
    an_app()
    ran("oauth_client", "off", "dashboard")
    return lambda: ran("oauth_client", "on", "dashboard")


@deed("manage.py rebuild_blacklist", "BL-102 shell -", answers=0)
def rebuilding_the_blacklist(scene: Any) -> Act:
    Lease.objects.update(expires_at=F("expires_at") - timedelta(minutes=5))
    return lambda: ran("rebuild_blacklist")


@deed("manage.py revoke", "RV-101 shell ines", "RV-110 shell ines", answers=0)
def ending_access(scene: Any) -> Act:
    return lambda: ran("revoke", "--user", "ines", "--reason", "offboarding")


@deed("manage.py revoke", "RV-112F shell ada", answers=2)
def ending_the_access_of_the_last_admin(scene: Any) -> Act:
    return lambda: ran("revoke", "--user", "ada", "--reason", "offboarding")


@deed("manage.py rotate_signing_key", "ST-105 shell signing_key", "CH-002 shell issuer", answers=0)
def rotating_the_signing_key(scene: Any) -> Act:
    return lambda: ran("rotate_signing_key")


@deed("manage.py rotate_audit_key", "CN-101 shell trail_key", answers=0)
def rotating_the_key_of_the_trail(scene: Any) -> Act:
    key = scene.fixture("tmp_path") / "next.pem"
    return lambda: ran("rotate_audit_key", "--into", str(key))


@deed("manage.py verify_audit", "CN-110 shell -", answers=0)
def verifying_the_trail(scene: Any) -> Act:
    return lambda: ran("verify_audit")


@deed("manage.py worker", answers=2)
def working_without_anything_that_calls(scene: Any) -> Act:
    """What a worker does was asked for before, and is recorded as whoever asked."""
    scene.fixture("settings").BROKER_URL = ""
    return lambda: ran("worker")


@deed("manage.py reset_second_factor", "SI-108 shell otto", answers=0)
def removing_a_lost_second_factor(scene: Any) -> Act:
    TOTP.activate(scene.otto, SECRET)
    return lambda: ran("reset_second_factor", "otto", "--reason", "lost the phone")


@deed("manage.py demo", answers=2)
def loading_the_demo_over_real_people(scene: Any) -> Act:
    return lambda: ran("demo")


@deed("manage.py up", answers=0)
def starting_again(scene: Any) -> Act:
    """What it does to the database; the rest of it starts processes."""
    return lambda: prepare_database() or Ran(code=0, out="")


@deed(
    "manage.py end_project",
    "RV-107 shell project",
    "CH-002 shell project",
    "PJ-150 shell project",
    "RV-105 shell carlos",
    "RV-110 shell carlos",
    answers=0,
)
def ending_a_project_at_the_shell(scene: Any) -> Act:
    phoenix_of(scene.paula)
    scene.chen.memberships.filter(group__name="phoenix").delete()
    return lambda: ran("end_project", "phoenix")
