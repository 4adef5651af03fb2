"""The gate: the sixteen markers without which no guard allows anything, and when they may be written.

Every function here is the clock's alone, under its fence. A heartbeat never creates a marker and never
repairs one: whatever is not exactly as the state row says is a loss, and after a loss only a complete
rebuild under the next generation opens the gate again (`blacklist.md`, Writing 4 and 5).
"""

from __future__ import annotations

import logging
import time

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import record
from sessions_app.blacklist.errors import BlacklistUnavailable, GateRefused
from sessions_app.blacklist.values import Marker
from sessions_app.models import BlacklistEntry, BlacklistState, Lease
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation.connections import blacklist_writer
from sessions_app.revocation.publishing import publish_entries, worth_asking
from sessions_app.revocation.rebuild import missing_of, write_everything
from sessions_app.revocation.server_check import running_problems

logger = logging.getLogger(__name__)

ADVANCED_AT_ONCE = 1000
ADVANCING_SECONDS = 0.5  # of a beat, which is due every second


class FencedOff(Exception):
    """Another clock has taken over; this one must not write any more."""


class GateLost(Exception):
    """The blacklist no longer holds what we proved to be in it. The text says how it was noticed."""


def keep(*, fence: int, by: Initiator) -> None:
    """One beat: check the server, vouch for what was written since, and renew the markers.

    1. A server that may forget is treated as lost: the gate stays shut until it is right again.
    2. A gate that is shut, a server that restarted, or a beat that was interrupted: rebuild.
    3. Otherwise publish and count what is new, store the sequence, then let the markers say so.

    A loss found on the way shuts the gate and is recorded; the next beat rebuilds. Raises
    BlacklistUnavailable while the server does not answer (nothing is known to be lost then) and FencedOff.
    """
    state = BlacklistState.current()
    if state.fence > fence:
        raise FencedOff
    server = blacklist_writer().inspect_server()
    wrong = running_problems(server, state)
    if wrong:
        shut(state, fence=fence, by=by, why=" ".join(wrong))
        _store(state, fence=fence, evicted_keys=server.evicted_keys)
        return
    if _needs_rebuild(state, server.run_id):
        rebuild(state, fence=fence, by=by)
        return
    try:
        _advance(state, fence=fence)
        _beat(state, fence=fence)
    except GateLost as loss:
        shut(state, fence=fence, by=by, why=str(loss))


def _needs_rebuild(state: BlacklistState, run_id: str) -> bool:
    interrupted = state.sequence != state.confirmed_sequence
    return not state.is_gate_open or interrupted or state.server_run_id != run_id


def _advance(state: BlacklistState, *, fence: int) -> None:
    """Raise the sequence by what was written since, after each entry was seen present. Raises GateLost.

    An entry that was read back once and is missing now is a loss, whatever the markers say. After a decision about
    very many people the rest of them is vouched for by the next beats: the markers are not held up by it.
    """
    until = time.monotonic() + ADVANCING_SECONDS
    while _advance_by_some(state, fence=fence) and time.monotonic() < until:
        continue


def _advance_by_some(state: BlacklistState, *, fence: int) -> bool:
    """Whether there may be more."""
    waiting = list(
        BlacklistEntry.objects.unsequenced().select_related("realm").order_by("id")[:ADVANCED_AT_ONCE]
    )
    if not waiting:
        return False
    if any(entry.published_revision >= entry.revision for entry in missing_of(waiting)):
        raise GateLost("An entry that had been read back is gone.")
    unpublished = [entry for entry in waiting if entry.published_revision < entry.revision]
    publish_entries(unpublished, asked=worth_asking(unpublished))
    _store(state, fence=fence, sequence=state.sequence + len(waiting))
    BlacklistEntry.objects.note(waiting, "sequenced_revision")
    return len(waiting) == ADVANCED_AT_ONCE


def _beat(state: BlacklistState, *, fence: int) -> None:
    marker = _marker(state, fence=fence)
    accepted = {(state.generation, state.confirmed_sequence), (state.generation, state.sequence)}
    lost = blacklist_writer().beat(marker, accepted=accepted)
    if lost:
        raise GateLost(f"{len(lost)} of 16 markers are missing or not as they were written.")
    _store(
        state,
        fence=fence,
        confirmed_sequence=state.sequence,
        beat_at=database_now(),
        trouble="",
        trouble_since=None,
    )


def _marker(state: BlacklistState, *, fence: int) -> Marker:
    return Marker(
        generation=state.generation,
        sequence=state.sequence,
        heartbeat_ms=to_milliseconds(database_now()),
        everyone_cutoff_ms=state.everyone_cutoff_ms,
        fence=fence,
    )


def shut(state: BlacklistState, *, fence: int, by: Initiator, why: str) -> None:
    """No marker is written from now on, so every guard closes within the heartbeat's limit. Recorded once."""
    logger.error("the blacklist is treated as lost: %s", why)
    with transaction.atomic():
        if state.is_gate_open:
            record(Events.BLACKLIST_LOST, initiator=by, details={"why": why, "generation": state.generation})
        since = state.trouble_since or database_now()
        _store(state, fence=fence, is_gate_open=False, trouble=why, trouble_since=since)


def rebuild(state: BlacklistState, *, fence: int, by: Initiator) -> int:
    """Write everything under the next generation, read it back, and open the gate. Returns how many entries.

    Interrupted anywhere, the gate stays shut and the next call starts again under yet another generation.
    """
    run_id = blacklist_writer().inspect_server().run_id
    _store(state, fence=fence, is_gate_open=False, generation=state.generation + 1)
    count = write_everything()
    _store(state, fence=fence, sequence=state.sequence + count)
    try:
        blacklist_writer().open_gate(_marker(state, fence=fence))
    except GateRefused:
        _catch_up(state, fence=fence)
        raise
    with transaction.atomic():
        now = database_now()
        _store(
            state,
            fence=fence,
            is_gate_open=True,
            confirmed_sequence=state.sequence,
            server_run_id=run_id,
            rebuilt_at=now,
            beat_at=now,
            trouble="",
            trouble_since=None,
        )
        record(
            Events.BLACKLIST_REBUILT, initiator=by, details={"entries": count, "generation": state.generation}
        )
    return count


def _catch_up(state: BlacklistState, *, fence: int) -> None:
    """The markers are ahead of SQL, so SQL itself was set back: go on above both, at the next beat.

    Fences are drawn from SQL alone, so a marker can only carry a higher one than the lease if SQL forgot it.
    """
    markers = [marker for marker in blacklist_writer().read_markers() if isinstance(marker, Marker)]
    generation = max((marker.generation for marker in markers), default=0)
    highest_fence = max((marker.fence for marker in markers), default=0)
    Lease.objects.filter(fence=fence, fence__lt=highest_fence).update(fence=highest_fence)
    _store(state, fence=fence, generation=max(generation, state.generation))


def note_unreachable(failure: BlacklistUnavailable, *, fence: int) -> None:
    """Remember since when the server does not answer; what it holds is not known to be lost."""
    state = BlacklistState.current()
    _store(
        state, fence=fence, trouble=str(failure)[:500], trouble_since=state.trouble_since or database_now()
    )


def _store(state: BlacklistState, *, fence: int, **values: object) -> None:
    """Change the state row, unless a newer fence already wrote it. Raises FencedOff."""
    changed = BlacklistState.objects.filter(pk=state.pk, fence__lte=fence).update(fence=fence, **values)
    if not changed:
        raise FencedOff
    for name, value in values.items():
        setattr(state, name, value)
