"""The trail as a file at a running Curfew: a program asks, a worker writes, the program fetches and opens it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.live.running import RunningCurfew, eventually

pytestmark = pytest.mark.slow

QUESTION = "action:RV-101 target:ines"


@pytest.fixture(scope="module")
def archive(curfew: RunningCurfew) -> Iterator[httpx.Client]:
    """A program with a credential for exports and nothing else; somebody's access was ended for it to read of."""
    curfew.manage("revoke", "--user", "ines", "--reason", "other", "--note", "asked at the desk")
    secret = curfew.manage("credential", "create", "Archive", "--scope", "audit:export").split()[-1]
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=curfew.address, headers=headers, timeout=10) as client:
        yield client


def ready(archive: httpx.Client, form: str) -> dict[str, Any]:
    """Asked for, and followed until it is there."""
    asked = archive.post("/api/v1/audit/exports", json={"q": QUESTION, "format": form})
    assert asked.status_code == 202, asked.text
    address = asked.headers["Location"]
    assert eventually(lambda: archive.get(address).json()["state"] == "ready", within_seconds=60)
    found: dict[str, Any] = archive.get(address).json()
    return found


def test_a_table_of_the_trail_is_opened_by_csv(archive: httpx.Client) -> None:
    export = ready(archive, "csv")

    file = archive.get(export["download"])

    (row,) = csv.DictReader(StringIO(file.content.decode("utf-8-sig")))
    assert (row["code"], row["target"], row["initiator_kind"]) == ("RV-101", "Ines Almeida", "shell")
    assert "desk" not in file.text
    assert hashlib.sha256(file.content).hexdigest() == export["sha256"]
    assert file.headers["Content-Disposition"].startswith('attachment; filename="audit-')


def test_lines_of_the_trail_are_opened_by_json(archive: httpx.Client) -> None:
    export = ready(archive, "jsonl")

    file = archive.get(export["download"])

    (kept,) = [json.loads(line) for line in file.text.splitlines()]
    assert (kept["code"], kept["reason"]) == ("RV-101", "other")
    assert file.headers["Content-Type"] == "application/jsonl; charset=utf-8"


def test_the_export_itself_is_read_in_the_trail(archive: httpx.Client, curfew: RunningCurfew) -> None:
    export = ready(archive, "csv")
    archive.get(export["download"])

    with curfew.sign_in("aude") as browser:
        page = browser.get("/audit/", params={"q": "actor:archive"}).text

    assert "Export fetched" in page
    assert "Export asked for" in page
