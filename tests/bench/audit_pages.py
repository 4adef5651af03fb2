"""The audit page over a long trail, beside the admin list that django-auditlog comes with, over the same rows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client

from audit.initiators import the_shell
from audit.models import AuditEntry
from audit.search import cursor_of
from sessions_app.changes.roles import grant_role
from sessions_app.models import Role, User
from tests.bench.filled_trail import filled
from tests.bench.scratch import keeping_time
from tests.bench.timing import quantile
from tests.bench.trail_rows import FIRST, LAST, RARE_REASON, name_of, row_of

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS, CALLS, THEIR_CALLS = 5, 20, 2
ADMIN, ADMIN_SIZE = "/admin/auditlog/logentry/", 100
STAFF, PERSON = name_of(7), name_of(4321)
Pages = Mapping[str, str]


class Taken(NamedTuple):
    """Milliseconds by the clock on the wall, and of the processor: the same on a machine that is busy otherwise."""

    waited: float
    worked: float


def measure(*, entries: int) -> str:
    """Whole pages, as a signed-in auditor gets them, without the network; both sides by Django's test client."""
    until = filled(entries)
    day = row_of(entries // 3, of=entries, until=until).moment
    browser, pages, theirs = an_auditor(), our_pages(entries, day), their_pages(entries, day)
    ours: dict[str, list[Taken]] = {name: [] for name in pages}
    beside: dict[str, list[float]] = {name: [] for name in pages}
    with keeping_time(), a_peer(entries, until=until) as peer:
        for turn in range(ROUNDS + 1):
            for name, address in pages.items():
                some = [_asked(browser, address) for _call in range(CALLS)]
                others = [peer.asked(theirs[name]) for _call in range(THEIR_CALLS) if name in theirs]
                if turn:  # the first round warms up
                    ours[name] += some
                    beside[name] += others
    return table(ours, beside, entries=entries)


def an_auditor() -> Client:
    call_command("collectstatic", interactive=False, verbosity=0)
    settings.DEMO = True  # a second factor is another measurement's matter
    person = User.objects.create_user("bench-auditor", display_name="Bench Auditor")
    grant_role(person, Role.AUDITOR, by=the_shell(), reason="measuring")
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(person, backend="portal.sign_in.SignInBackend")
    return browser


def our_pages(entries: int, day: datetime) -> Pages:
    """What an auditor asks; `any` leaves no window of time to help."""
    trail = AuditEntry.objects.order_by("timestamp", "pk")
    middle, nearly_last = trail[entries // 2], trail[60]
    lines = {
        "first page": "",
        "page in the middle": f"created:any&after={cursor_of(middle)}",
        "last page": f"created:any&after={cursor_of(nearly_last)}",
        "by actor (a name)": f'actor:"{STAFF}" created:any',
        "by actor (ten people)": f'actor:"{FIRST[0]} {LAST[10][:3]}" created:any',
        "by target (a name)": f'target:"{PERSON}" created:any',
        "by target (ten people)": f'target:"{FIRST[43]} {LAST[21][:3]}" created:any',
        "by reason (a tenth of all)": "reason:offboarding created:any",
        "by reason (a rare one)": f"reason:{RARE_REASON} created:any",
        "by date (one day)": f"created:{day:%Y-%m-%d}",
        "by actor and rare reason": f'actor:"{STAFF}" reason:{RARE_REASON} created:any',
        "by project and actor": f'project:phoenix actor:"{STAFF}" created:any',
        "free words": f'"{PERSON}" created:any',
        "neither sessions nor leavers": "-action:SE -reason:offboarding created:any",
    }
    pages = {name: _address(line) for name, line in lines.items()}
    return {**pages, "one entry opened": f"/audit/{middle.pk}/"}


def their_pages(entries: int, day: datetime) -> Pages:
    """The same of the admin, where it can be asked at all."""
    last = max(1, entries // ADMIN_SIZE)
    on_that_day = f"timestamp__year={day.year}&timestamp__month={day.month}&timestamp__day={day.day}"
    return {
        "first page": ADMIN,
        "page in the middle": f"{ADMIN}?p={max(1, last // 2)}",
        "last page": f"{ADMIN}?p={last}",
        "by actor (a name)": f"{ADMIN}?q={quote_plus(STAFF)}",
        "by target (a name)": f"{ADMIN}?q={quote_plus(PERSON)}",
        "by reason (a rare one)": f"{ADMIN}?q={RARE_REASON}",
        "by date (one day)": f"{ADMIN}?{on_that_day}",
    }


def _address(line: str) -> str:
    asked, _and, after = line.partition("&")
    query = f"?q={quote(asked)}" if asked else ""
    return f"/audit/{query}{'&' + after if after else ''}"


def _asked(browser: Client, address: str) -> Taken:
    """AssertionError where what came is not the page that was meant."""
    began, worked = time.perf_counter(), time.thread_time()
    response = browser.get(address)
    taken = Taken(
        waited=(time.perf_counter() - began) * 1000,
        worked=(time.thread_time() - worked) * 1000,
    )
    assert response.status_code == 200, (address, response.status_code)
    assert b"note--amber" not in response.content, address  # the line could not be read
    return taken


class Peer:
    """The other application, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def asked(self, address: str) -> float:
        assert self._process.stdin
        self._process.stdin.write(address + "\n")
        self._process.stdin.flush()
        milliseconds, status = self._answer().split()
        assert status == "200", (address, status)
        return float(milliseconds)

    def wait_until_ready(self) -> None:
        assert self._answer().strip() == "ready"

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@contextmanager
def a_peer(entries: int, *, until: datetime) -> Iterator[Peer]:
    """With the same database engine: on PostgreSQL, BENCH_PEER_DATABASE_URL names an empty database for it."""
    beside = f"sqlite:///{settings.DATA_DIR}/peer-auditlog.sqlite3"
    url = os.environ["BENCH_PEER_DATABASE_URL"] if connection.vendor == "postgresql" else beside
    environment = {**os.environ, "BENCH_PEER_DATABASE_URL": url}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "tests.bench.peer_auditlog", str(entries), until.isoformat()]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        peer = Peer(process)
        try:
            peer.wait_until_ready()
            yield peer
        finally:
            process.terminate()


def table(ours: Mapping[str, list[Taken]], beside: Mapping[str, list[float]], *, entries: int) -> str:
    head = (
        f"Audit page, {entries:,} entries on {connection.vendor}, {ROUNDS * CALLS} whole pages each, in ms"
        "   (must: p95 < 300, aim: < 50)\n"
        f"  {'':<30} {'p50':>7} {'p95':>7} {'processor':>10}   {'django-auditlog, admin: p50':>28} {'p95':>7}"
    )
    lines = [f"  {name:<30} {_own(taken)}   {_beside(beside[name])}" for name, taken in ours.items()]
    return "\n".join([head, *lines])


def _own(taken: list[Taken]) -> str:
    waited, worked = [one.waited for one in taken], [one.worked for one in taken]
    return f"{quantile(waited, 0.5):>7.1f} {quantile(waited, 0.95):>7.1f} {quantile(worked, 0.5):>10.1f}"


def _beside(times: list[float]) -> str:
    if not times:
        return f"{'cannot be asked':>28}"
    return f"{quantile(times, 0.5):>28.0f} {quantile(times, 0.95):>7.0f}"
