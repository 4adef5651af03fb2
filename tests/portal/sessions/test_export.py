"""Sessions as a file: exactly what was asked for, what the reader may see of it, and nothing a sheet would run."""

from __future__ import annotations

import csv
import gc
import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from portal.presenters.session_query import SessionQuery
from portal.session_export import rows_for
from sessions_app.models import Application, Session, User
from tests.factories import a_person, forget_roles, identity_of, open_session
from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]


def table(reader: User, line: str = "") -> list[dict[str, str]]:
    forget_roles(reader)
    answer = browser_of(reader).get("/sessions/export.csv", {"q": line})
    return list(csv.DictReader(StringIO(answer.getvalue().decode("utf-8-sig"))))


def objects(reader: User, line: str = "") -> list[dict[str, Any]]:
    forget_roles(reader)
    answer = browser_of(reader).get("/sessions/export.jsonl", {"q": line})
    return [json.loads(text) for text in answer.getvalue().decode().splitlines()]


def test_a_file_has_exactly_what_the_line_finds(sam: User, ines: User, carlos: User, wiki: Application):
    session = open_session(ines, wiki)
    open_session(carlos)

    (row,) = table(sam, "app:wiki")
    (kept,) = objects(sam, "app:wiki")

    assert (row["person"], row["applications"]) == ("Ines Almeida", "Wiki")
    assert row["address"] == "203.0.113.7"
    assert row["began_at"] == f"{session.began_at:%Y-%m-%dT%H:%M:%SZ}"
    assert kept == {name: value or None for name, value in row.items()}


def test_hr_gets_no_column_that_says_where_from_and_last_use_as_a_day(hana: User, ines: User):
    session = open_session(ines)

    (row,) = table(hana, "ines")

    assert {"address", "place", "user_agent", "session_id"}.isdisjoint(row)
    assert row["last_used"] == f"{session.last_used_at:%Y-%m-%d}"


def test_the_auditor_gets_half_of_the_address(aude: User, ines: User):
    open_session(ines)

    (row,) = table(aude, "ines")

    assert row["address"] == "203.0.•.•"
    assert (row["place"], row["session_id"]) == ("", "")


def test_taking_a_file_is_an_entry_with_who_what_and_how_many(sam: User, ines: User):
    open_session(ines)

    table(sam, "ines")

    entry = AuditEntry.objects.get(event_code="EX-101")
    assert entry.initiator_id == str(sam.pk)
    assert entry.details == {"rows": 1, "form": "csv"}
    assert "ines" in [value.value for value in entry.subjects.all()]


def test_a_hostile_name_is_a_harmless_cell_of_the_file(sam: User, issuer: object):
    villain = a_person("villain", display_name='=HYPERLINK("http://x","y")')
    open_session(villain, user_agent="@SUM(A1)")

    (row,) = table(sam, "villain")

    assert row["person"].startswith("'=HYPERLINK")
    assert row["user_agent"] == "'@SUM(A1)"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_line_that_cannot_be_read_makes_no_file(form: str, sam: User):
    answer = browser_of(sam).get(f"/sessions/export.{form}", {"q": "colour:red"})

    assert answer.status_code == 400
    assert "colour" in answer.content.decode()
    assert not AuditEntry.objects.filter(event_code="EX-101").exists()


def test_whoever_sees_no_sessions_gets_no_file(ada: User, otto: User):
    assert browser_of(ada).get("/sessions/export.csv").status_code == 403
    assert browser_of(otto).get("/sessions/export.csv").status_code == 403
    assert browser_of(otto).get("/sessions/export.exe").status_code == 403


@pytest.fixture
def _little_to_search() -> Iterator[None]:
    """Garbage is looked for as often as in a young process, not as seldom as in one that ran a thousand tests."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_little_to_search")
@pytest.mark.slow
def test_a_long_file_is_never_in_memory_as_a_whole(sam: User, ines: User):
    now = timezone.now()
    identity = identity_of(ines)
    Session.objects.bulk_create(
        Session(
            user=ines,
            identity=identity,
            realm=identity.realm,
            sid=f"long-{number}",
            began_at=now,
            last_used_at=now - timedelta(seconds=number),
            user_agent="x" * 900,
        )
        for number in range(6000)
    )
    rows = rows_for(sam, SessionQuery(reader=sam, line="").sessions())
    next(rows)

    tracemalloc.start()
    count = sum(1 for _ in rows)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # All of them at once would be about 60 MB.
    assert count == 5999
    assert most < 30_000_000
