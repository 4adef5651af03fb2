"""Rebuilding the blacklist from SQL after a loss."""

from __future__ import annotations

import time

from audit.initiators import the_clock
from sessions_app.models import BlacklistEntry, BlacklistState, EntryKind, Lease
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation import gate
from sessions_app.revocation.health import CLOCK_LEASE
from tests.factories import a_person, a_realm

ENTRIES = (10_000, 100_000)


def measure() -> str:
    rows = [f"{count:<42,} {seconds_for(count):>9.2f}" for count in ENTRIES]
    head = "Rebuild of the blacklist: write everything, read it back, open the gate"
    return "\n".join([head, f"{'entries':<42} {'seconds':>9}", *rows])


def seconds_for(count: int) -> float:
    BlacklistEntry.objects.all().delete()
    make_entries(count)
    fence = Lease.objects.filter(name=CLOCK_LEASE).values_list("fence", flat=True).first() or 1
    began = time.perf_counter()
    written = gate.rebuild(BlacklistState.current(), fence=fence, by=the_clock())
    assert written == count
    return time.perf_counter() - began


def make_entries(count: int) -> None:
    realm, person = a_realm(), a_person()
    expires_at_ms = to_milliseconds(database_now()) + 86_400_000
    BlacklistEntry.objects.bulk_create(
        (
            BlacklistEntry(
                kind=EntryKind.SESSION,
                realm=realm,
                user=person,
                person_id=f"somebody-{number}",
                ident=f"sid-{number}",
                revision=1,
                receipt="CF-0123456789",
                expires_at_ms=expires_at_ms,
            )
            for number in range(count)
        ),
        batch_size=5000,
    )
