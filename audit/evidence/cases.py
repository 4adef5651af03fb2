"""Cases: access that was ended because somebody left, as the trail has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from audit.events import Events
from audit.initiators import InitiatorKind
from audit.models import AuditEntry
from audit.personal import SubjectRole
from audit.presentation import initiator_pseudonym
from audit.receipts import NOT_YET_SEALED
from audit.search import EntryQuerySet

OFFBOARDING = "offboarding"
NO_OUTSIDE_SYSTEMS = "no outside systems connected"
AT_ONCE = 500  # SQLite takes no longer lists in one question


@dataclass(frozen=True, kw_only=True)
class Case:
    """`cut_off_at` is None while it is only decided; `number` is the decision's place in the chain."""

    receipt: str
    person: str
    name: str
    source: str
    decided_at: datetime
    cut_off_at: datetime | None
    milliseconds: int | None
    by: str
    by_id: str
    sessions: int
    entry: int
    number: str

    @property
    def confirmed(self) -> str:
        return NO_OUTSIDE_SYSTEMS


def leaver_cases(entries: EntryQuerySet, since: datetime, until: datetime) -> list[Case]:
    """Every whole person whose access was ended for offboarding in this time, oldest first."""
    decided = entries.of_events(Events.USER_TERMINATED.code).filter(
        reason_code=OFFBOARDING, timestamp__gte=since, timestamp__lt=until
    )
    rows = list(decided.select_related("link").prefetch_related("subjects").order_by("timestamp", "id"))
    cut_off = _cut_off(entries, [row.receipt for row in rows])
    return [_case(row, cut_off.get(row.receipt)) for row in rows]


def _cut_off(entries: EntryQuerySet, receipts: list[str]) -> dict[str, AuditEntry]:
    found: dict[str, AuditEntry] = {}
    for start in range(0, len(receipts), AT_ONCE):
        some = entries.of_events(Events.CUT_OFF.code).filter(receipt__in=receipts[start : start + AT_ONCE])
        found |= {entry.receipt: entry for entry in some}
    return found


def _case(entry: AuditEntry, cut_off: AuditEntry | None) -> Case:
    link = getattr(entry, "link", None)
    return Case(
        receipt=entry.receipt,
        person=entry.target_id,
        name=label_of(entry, SubjectRole.TARGET, "label"),
        source=entry.source or f"{entry.door}, {entry.initiator_kind}",
        decided_at=entry.timestamp,
        cut_off_at=cut_off.timestamp if cut_off else None,
        milliseconds=cut_off.details.get("milliseconds") if cut_off else None,
        by=initiator_of(entry),
        by_id=entry.initiator_id,
        sessions=entry.sessions_ended or 0,
        entry=entry.pk,
        number=str(link.number) if link else NOT_YET_SEALED,
    )


def initiator_of(entry: AuditEntry) -> str:
    """By name where it is kept, else by pseudonym."""
    if entry.initiator_kind == InitiatorKind.CLOCK:
        return initiator_pseudonym(entry)
    return label_of(entry, SubjectRole.INITIATOR, "name") or initiator_pseudonym(entry)


def label_of(entry: AuditEntry, role: SubjectRole, kind: str) -> str:
    """A personal value beside an entry whose subjects were fetched; empty where it was blanked."""
    subjects: Iterable[object] = entry.subjects.all()
    return next(
        (subject.value for subject in subjects if (subject.role, subject.kind) == (role, kind)),  # type: ignore[attr-defined]
        "",
    )
