"""Each event once: what was sent, by whom, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import record
from sessions_app.changes.errors import EventReused
from sessions_app.models import Revocation, Signal, SignalOutcome, User
from sessions_app.models.moments import database_now


@dataclass(frozen=True, kw_only=True)
class Event:
    """One inbound event as its sender names it. `fingerprint` tells two bodies under one id apart."""

    event_id: str
    kind: str
    occurred_at: datetime
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What became of an event."""

    outcome: SignalOutcome
    user: User | None = None
    revocation: Revocation | None = None
    details: dict[str, Any] | None = None


def keep_once(event: Event, act: Callable[[], Effect], *, by: Initiator) -> Signal:
    """Act on an event and keep it, or give back what became of it the first time.

    Whatever `act` does must be harmless to repeat: a crash between it and keeping lets the sender send again.
    Raises EventReused for the same id with another body, and what `act` raises, having kept nothing.
    """
    known = Signal.objects.filter(source=by.id, event_id=event.event_id).first()
    if known is None:
        known = _keep(event, act(), by=by)
    if known.fingerprint != event.fingerprint:
        raise EventReused
    return known


def _keep(event: Event, effect: Effect, *, by: Initiator) -> Signal:
    try:
        with transaction.atomic():
            signal = Signal.objects.create(
                source=by.id,
                event_id=event.event_id,
                kind=event.kind,
                fingerprint=event.fingerprint,
                occurred_at=event.occurred_at,
                received_at=database_now(),
                outcome=effect.outcome,
                user=effect.user,
                revocation=effect.revocation,
                details=effect.details or {},
            )
            record(
                Events.SIGNAL_KEPT,
                initiator=by,
                person=effect.user.pk if effect.user else None,
                receipt=effect.revocation.receipt if effect.revocation else "",
                details={"kind": event.kind, "became": str(effect.outcome)},
                source=event.event_id[:100],
            )
    except IntegrityError:  # the same event, at the same moment
        return Signal.objects.get(source=by.id, event_id=event.event_id)
    return signal
