"""Is the blacklist answering, and is the clock going? Asked by /readyz and by the light on every page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.values import TokenValue
from sessions_app.blacklist.verdict import Outcome, Subject
from sessions_app.blacklist.writer import Entry
from sessions_app.models import BlacklistState, Lease
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation.connections import blacklist_writer, session_guard

PROBE_REALM = "urn:curfew:probe"
PROBE_LIVES_MS = 60_000
LIGHT_KEPT_SECONDS = 1.0
CLOCK_LEASE = "clock"


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """`detail` is one word or sentence without secrets; `milliseconds` is the whole write and read-back."""

    ok: bool
    milliseconds: float
    detail: str


@dataclass(frozen=True, kw_only=True)
class BlacklistLight:
    """What the light shows. `since` is when the trouble began, None while all is well or nobody noticed yet."""

    answering: bool
    milliseconds: float | None
    since: datetime | None


def probe_blacklist() -> ProbeResult:
    """Write a short-lived entry for nobody and ask the guard for it. Never raises for the blacklist."""
    began = time.perf_counter()
    now_ms = to_milliseconds(database_now())
    probe = Entry(
        kind="token",
        realm=PROBE_REALM,
        person="probe",
        ident="probe",
        value=TokenValue(revision=now_ms, receipt="CF-PROBE"),
        expires_at_ms=now_ms + PROBE_LIVES_MS,
    )
    try:
        blacklist_writer().publish([probe])
        verdict = session_guard().check_subject(_probe_subject())
    except BlacklistUnavailable as failure:
        return ProbeResult(ok=False, milliseconds=_since(began), detail=str(failure))
    return ProbeResult(
        ok=verdict.outcome is Outcome.REVOKED, milliseconds=_since(began), detail=verdict.cause
    )


def _probe_subject() -> Subject:
    return Subject(realm=PROBE_REALM, person="probe", sid=None, token_id="probe", started_ms=0)  # noqa: S106  # nobody's


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)


def clock_age_seconds() -> float | None:
    """Seconds since some clock last renewed its lease; None if none ever ran."""
    lease = Lease.objects.filter(name=CLOCK_LEASE).first()
    if lease is None:
        return None
    age: timedelta = database_now() - lease.renewed_at
    return max(0.0, age.total_seconds())


_kept: tuple[float, BlacklistLight] | None = None


def blacklist_light() -> BlacklistLight:
    """One look-up through the guard, remembered for a second per process so that pages stay fast."""
    global _kept  # one small memory per process, replaced whole
    now = time.monotonic()
    if _kept is None or now - _kept[0] > LIGHT_KEPT_SECONDS:
        _kept = (now, _look())
    return _kept[1]


def forget_light() -> None:
    """The next page looks again at once; for tests, which live faster than a second."""
    global _kept
    _kept = None


def _look() -> BlacklistLight:
    began = time.perf_counter()
    nobody = Subject(
        realm=PROBE_REALM, person="light", sid=None, token_id=None, started_ms=to_milliseconds(database_now())
    )
    verdict = session_guard().check_subject(nobody)
    if verdict.outcome is Outcome.ALLOWED:
        return BlacklistLight(answering=True, milliseconds=_since(began), since=None)
    return BlacklistLight(answering=False, milliseconds=None, since=_trouble_since())


def _trouble_since() -> datetime | None:
    try:
        return BlacklistState.current().trouble_since
    except DatabaseError:
        return None
