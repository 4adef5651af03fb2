"""The trail as a file at a running Curfew: a program asks, a worker writes, the program fetches and opens it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
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


def test_readers_that_stand_still_hold_up_nobody_who_ends_access(
    archive: httpx.Client, curfew: RunningCurfew
) -> None:
    """A file too large for any buffer; what it is of does not matter here."""
    export = ready(archive, "csv")
    with (curfew.folder / "exports" / f"{export['id']}.csv").open("ab") as file:
        file.write(b"\n" * 50_000_000)

    with ExitStack() as readers:
        answers = [
            readers.enter_context(archive.stream("GET", export["download"])).status_code for _ in range(12)
        ]
        verdict = httpx.get(f"{curfew.address}/verdict", timeout=5)
        with curfew.sign_in("sam") as browser:
            page = browser.get("/people/")

    assert sorted(answers) == [200] * 2 + [503] * 10
    assert verdict.status_code == 401
    assert page.status_code == 200
    assert eventually(lambda: status_of(archive, export["download"]) == 200)


def status_of(archive: httpx.Client, address: str) -> int:
    """Without waiting for the rest."""
    with archive.stream("GET", address) as answer:
        return answer.status_code
