"""A worker of `manage.py up` that is killed in the middle of an export: another one finishes it, once."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.portal.starting.test_up import Up, up, wait_until

pytestmark = pytest.mark.slow
__all__ = ["up"]

ASK_FOR_MANY = """
from django.db import transaction
from audit.events import Events
from audit.exports.forms import Form
from audit.exports.jobs import ask
from audit.record import Occurrence, Target, record_many
from portal.portal_sessions import initiator_for
from sessions_app.models import User

sam = User.objects.get(username="sam")
by = initiator_for(None, sam)
for _ in range(20):
    with transaction.atomic():
        some = [Occurrence(target=Target(kind="session", id=str(number))) for number in range(10_000)]
        record_many(Events.SESSION_REPORTED, initiator=by, occurrences=some)
ask(Form.CSV, line="created:any", with_notes=False, by=by)
"""


def job_of(folder: Path) -> tuple[Any, ...]:
    """State, rows done and attempts of the one export, and how many entries tell of one."""
    with sqlite3.connect(f"file:{folder}/curfew.sqlite3?mode=ro", uri=True) as database:
        told = "SELECT count(*) FROM audit_auditentry WHERE event_code = 'EX-101'"
        (row,) = database.execute("SELECT state, rows_done, attempts FROM audit_exportjob")
        (entries,) = database.execute(told).fetchone()
    database.close()
    return (*row, entries)


def test_an_export_survives_kill_9_of_its_worker_and_is_written_once(up: Up):
    up.start()
    wait_until(lambda: "ready." in (up.folder / "data/logs/worker.log").read_text(), 30)
    asked = up.manage("shell", "-c", ASK_FOR_MANY)
    assert asked.returncode == 0, asked.stderr
    wait_until(lambda: job_of(up.folder / "data")[1] > 0, 30)

    os.killpg(up.child("manage.py worker"), signal.SIGKILL)

    assert job_of(up.folder / "data")[0] == "running"
    wait_until(lambda: job_of(up.folder / "data")[0] == "ready", 120)
    assert job_of(up.folder / "data") == ("ready", job_of(up.folder / "data")[1], 2, 1)
    assert job_of(up.folder / "data")[1] > 200_000
