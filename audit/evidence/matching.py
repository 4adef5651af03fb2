"""The match: who is in both lists, who late, who left and was never cut, who was cut and never left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from django.db import transaction

from audit.events import Events
from audit.evidence.cases import Case, initiator_of, label_of
from audit.evidence.leavers import Leaver
from audit.initiators import Initiator
from audit.models import AuditEntry, LeaverList
from audit.personal import SubjectRole
from audit.record import Target, record
from audit.search import EntryQuerySet

EARLY = timedelta(days=90)
ROW = "evidence_row"


class Kind(StrEnum):
    """Exceptions first."""

    NEVER_CUT = "left_but_never_cut"
    LATE = "late"
    NEVER_LEFT = "cut_but_never_left"
    IN_BOTH = "in_both"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What somebody said of an exception, and which entry says so."""

    text: str
    by: str
    at: datetime
    entry: int


@dataclass(frozen=True, kw_only=True)
class MatchRow:
    """`is_known` says whether HR's person was found here; `late_by` is None where it was in time."""

    kind: Kind
    key: str
    name: str
    leaver: Leaver | None = None
    case: Case | None = None
    is_known: bool = True
    late_by: timedelta | None = None
    explanation: Explanation | None = None

    @property
    def is_exception(self) -> bool:
        return self.kind is not Kind.IN_BOTH

    @property
    def is_open(self) -> bool:
        """An exception nobody has explained."""
        return self.is_exception and self.explanation is None


def match(
    leavers: Sequence[Leaver],
    cases: Sequence[Case],
    *,
    people: Mapping[str, str],
    began_at: datetime,
    ended_at: datetime,
    allowed: timedelta,
    explanations: Mapping[str, Explanation],
) -> list[MatchRow]:
    """Exceptions first. `people` says which person each leaver's key is; cases may lie outside the period.

    A leaver's case is the first that was decided no more than 90 days before they left. It is in time when
    it was cut off within what is allowed after the last day. Cases decided in the period that are nobody's
    are of people who never left, as far as HR says.
    """
    cases_of: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        cases_of[case.person].append(case)
    rows = [_row_of(leaver, cases_of, people.get(leaver.key), allowed) for leaver in leavers]
    taken = {row.case.receipt for row in rows if row.case}
    rows += [
        MatchRow(
            kind=Kind.NEVER_LEFT, key=f"receipt={case.receipt}", name=case.name or case.person, case=case
        )
        for case in cases
        if case.receipt not in taken and began_at <= case.decided_at < ended_at
    ]
    explained = [_explained(row, explanations) for row in rows]
    return sorted(explained, key=lambda row: (list(Kind).index(row.kind), row.key))


def _row_of(
    leaver: Leaver, cases_of: Mapping[str, Sequence[Case]], person: str | None, allowed: timedelta
) -> MatchRow:
    name = leaver.name or leaver.key
    cases = cases_of.get(person, ()) if person else ()
    case = next((each for each in cases if each.decided_at >= leaver.left_at - EARLY), None)
    if case is None:
        return MatchRow(
            kind=Kind.NEVER_CUT, key=leaver.key, name=name, leaver=leaver, is_known=person is not None
        )
    late_by = _late_by(case, leaver.left_at + allowed)
    kind = Kind.IN_BOTH if late_by is None else Kind.LATE
    return MatchRow(kind=kind, key=leaver.key, name=name, leaver=leaver, case=case, late_by=late_by)


def _late_by(case: Case, deadline: datetime) -> timedelta | None:
    """None where it was in time. What is not cut off at all is late by nothing that could be measured."""
    if case.cut_off_at is None:
        return timedelta(0)
    return case.cut_off_at - deadline if case.cut_off_at > deadline else None


def _explained(row: MatchRow, explanations: Mapping[str, Explanation]) -> MatchRow:
    explanation = explanations.get(pseudonym_of(row.key)) if row.is_exception else None
    return MatchRow(**{**vars(row), "explanation": explanation})


# --- Explanations ---------------------------------------------------------------------------------


def explain(row: MatchRow, *, of: LeaverList, text: str, by: Initiator) -> AuditEntry:
    """Says why an exception is none, as an entry; a later one counts instead of an earlier one."""
    with transaction.atomic():
        return record(
            Events.EXCEPTION_EXPLAINED,
            initiator=by,
            target=Target(kind=ROW, id=f"{of.pk}:{pseudonym_of(row.key)}", label=row.name),
            receipt=row.case.receipt if row.case else "",
            details={"exception": row.kind.value, "list": of.pk},
            personal={"note": text},
        )


def explanations_of(entries: EntryQuerySet, leavers: LeaverList) -> dict[str, Explanation]:
    """The newest for each row of this list, by the row's pseudonym."""
    prefix = f"{leavers.pk}:"
    said = entries.of_events(Events.EXCEPTION_EXPLAINED.code).filter(
        target_kind=ROW, target_id__startswith=prefix
    )
    return {
        entry.target_id.removeprefix(prefix): Explanation(
            text=label_of(entry, SubjectRole.EVENT, "note"),
            by=initiator_of(entry),
            at=entry.timestamp,
            entry=entry.pk,
        )
        for entry in said.prefetch_related("subjects").order_by("timestamp", "id")
    }


def pseudonym_of(key: str) -> str:
    """What an entry calls a row for ever: HR's key may be an address of mail."""
    return sha256(key.encode()).hexdigest()[:16]
