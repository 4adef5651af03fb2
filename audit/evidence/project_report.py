"""What the end of a project came to, put together from the trail alone, so that it reads the same for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from audit.events import Events, Outcome
from audit.evidence.cases import initiator_of, label_of
from audit.models import AuditEntry
from audit.personal import SubjectRole
from audit.search import EntryQuerySet

DONE, WAITING, NOT_NEEDED = "done", "waiting", "not_needed"
ENDED = (Events.ENDED_WITH_OTHERS.code, f"{Events.ENDED_WITH_OTHERS.code}F")


@dataclass(frozen=True, kw_only=True)
class Doer:
    """Who did something: `id` for good, `name` while it is kept."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportTask:
    """One thing to be taken away outside. `person` is empty where it is taken away as a whole.

    `entry` is the newest entry that says so, and `evidence` what somebody wrote in it while that is kept.
    """

    id: str
    person: str
    system: str
    kind: str
    name: str
    state: str
    due_at: datetime | None
    changed_at: datetime | None = None
    by: Doer | None = None
    evidence: str = ""
    entry: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state not in {DONE, NOT_NEEDED}


@dataclass(frozen=True, kw_only=True)
class Contractor:
    """What it did to one person. `left_out` is the code of why their sessions stayed."""

    person: str
    name: str
    entry: int
    sessions_ended: int
    cutoff_at: datetime | None
    last_active_at: datetime | None
    cannot_be_cut_before: datetime | None
    left_out: str
    blocks_sign_in: bool
    keeps: tuple[str, ...]
    groups_left: tuple[str, ...]
    tasks: tuple[ReportTask, ...]
    allowed_again_at: datetime | None = None
    claims: str = ""
    """What became of the comparison with the next token: the code of that entry."""

    @property
    def is_exception(self) -> bool:
        return bool(self.left_out) or self.cannot_be_cut_before is not None or self.claims in CLAIMS_FAILED

    @property
    def open_tasks(self) -> int:
        return sum(task.is_open for task in self.tasks)


@dataclass(frozen=True, kw_only=True)
class ReportCheck:
    """One later check; `done_at` is None while it is only planned. `why` is the code of the worst it found."""

    which: str
    due_at: datetime | None
    done_at: datetime | None = None
    late_seconds: int = 0
    why: str = ""
    found: Mapping[str, Any] = field(default_factory=dict)
    by: Doer | None = None
    asked_by: str = ""
    entry: int | None = None


@dataclass(frozen=True, kw_only=True)
class Approved:
    """That a second person agreed, or that it was done alone."""

    event: str
    by: Doer
    at: datetime
    entry: int


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """Somebody who signed exactly the report with this SHA-256."""

    capacity: str
    by: Doer
    at: datetime
    sha256: str
    note: str
    entry: int


@dataclass(frozen=True, kw_only=True)
class ProjectReport:
    """The whole of it. `begun` holds what the entry of the beginning says, as it says it."""

    project: str
    name: str
    receipt: str
    ordered_by: Doer
    asked_by: Doer
    decided_at: datetime
    cut_off_at: datetime | None
    milliseconds: int | None
    begun: Mapping[str, Any]
    note: str
    ticket: str
    contractors: tuple[Contractor, ...]
    tasks: tuple[ReportTask, ...]
    checks: tuple[ReportCheck, ...]
    approvals: tuple[Approved, ...]
    sign_offs: tuple[SignOff, ...]
    names: Mapping[str, str]

    @property
    def is_finished(self) -> bool:
        """Whether everybody it is about is cut off; until then it grows."""
        return self.cut_off_at is not None

    @property
    def all_tasks(self) -> list[ReportTask]:
        """Those of the whole project first."""
        return [*self.tasks, *(task for each in self.contractors for task in each.tasks)]

    @property
    def exceptions(self) -> list[Contractor]:
        return [each for each in self.contractors if each.is_exception]

    @property
    def failed_checks(self) -> list[ReportCheck]:
        return [check for check in self.checks if check.why]

    @property
    def sessions_ended(self) -> int:
        return sum(each.sessions_ended for each in self.contractors)


CLAIMS = (
    Events.CLAIMS_REDUCED.code,
    f"{Events.CLAIMS_NOT_REDUCED.code}F",
    Events.CLAIMS_NOT_COMPARED.code,
    Events.CLAIMS_NOT_SEEN.code,
    Events.CLAIMS_REGAINED.code,
)
CLAIMS_FAILED = frozenset({f"{Events.CLAIMS_NOT_REDUCED.code}F"})
TASKS = {Events.TASK_DONE.code: DONE, Events.TASK_REOPENED.code: WAITING}
APPROVALS = (Events.APPROVAL_GIVEN.code, Events.GLASS_BROKEN.code)
REVIEWS = (Events.GLASS_REVIEWED.code,)
END_PROJECT = "end_project"


def report_of(project: str, entries: EntryQuerySet) -> ProjectReport | None:
    """Of the newest end of this project; None while there was none. `entries` are all of the trail."""
    ended = entries.of_project(project).filter(event_code=Events.PROJECT_ENDED.code)
    decided = ended.prefetch_related("subjects").order_by("timestamp", "id").last()
    if decided is None:
        return None
    told = entries.of_receipt(decided.receipt).prefetch_related("subjects").order_by("timestamp", "id")
    return _Reading(decided, list(told), list(_around(project, entries, decided))).report()


def _around(project: str, entries: EntryQuerySet, decided: AuditEntry) -> Iterable[AuditEntry]:
    """What was said of the project before there was a receipt: who had it scheduled, who approved."""
    known = entries.of_project(project).prefetch_related("subjects").order_by("timestamp", "id")
    before = known.filter(event_code__in=[Events.ENDING_SCHEDULED.code, *APPROVALS])
    return [*before.filter(timestamp__lte=decided.timestamp), *known.filter(event_code__in=REVIEWS)]


class _Reading:
    """The entries of one end, read from the first to the last."""

    def __init__(self, decided: AuditEntry, told: Sequence[AuditEntry], around: Sequence[AuditEntry]) -> None:
        self._decided = decided
        self._told = told
        self._around = around
        self._names = _names([*around, *told])
        self._begun: Mapping[str, Any] = next(
            (each.details for each in told if each.event_code == Events.ENDING_BEGUN.code), {}
        )
        self._task_entries = {
            each.details["step"]: each for each in told if each.event_code in TASKS and "step" in each.details
        }

    def report(self) -> ProjectReport:
        decided, cut_off = self._decided, self._last(Events.CUT_OFF.code)
        return ProjectReport(
            project=decided.project_key,
            name=label_of(decided, SubjectRole.TARGET, "label") or decided.project_key,
            receipt=decided.receipt,
            ordered_by=_doer(decided),
            asked_by=self._asked_by(),
            decided_at=decided.timestamp,
            cut_off_at=cut_off.timestamp if cut_off else None,
            milliseconds=cut_off.details.get("milliseconds") if cut_off else None,
            begun=self._begun,
            note=label_of(decided, SubjectRole.EVENT, "note"),
            ticket=str(decided.details.get("ticket", "")),
            contractors=self._contractors(),
            tasks=tuple(self._task(each, person="") for each in self._begun.get("tasks", [])),
            checks=self._checks(),
            approvals=tuple(_approved(each) for each in self._around if self._is_of_this_end(each)),
            sign_offs=tuple(_sign_off(each) for each in self._of(Events.REPORT_SIGNED.code)),
            names=self._names,
        )

    def _is_of_this_end(self, entry: AuditEntry) -> bool:
        """Of approvals of this project those for ending it, and where the end names one, exactly that."""
        if entry.event_code not in {*APPROVALS, *REVIEWS} or entry.details.get("kind") != END_PROJECT:
            return False
        named = self._begun.get("approval")
        return not named or entry.details.get("approval") == named

    def _newest_about(self, *codes: str) -> dict[str, AuditEntry]:
        """By the person it is about."""
        return {each.target_id: each for each in self._of(*codes)}

    def _of(self, *codes: str) -> list[AuditEntry]:
        return [each for each in self._told if each.event_code in codes]

    def _last(self, code: str) -> AuditEntry | None:
        found = self._of(code)
        return found[-1] if found else None

    def _asked_by(self) -> Doer:
        asked = self._begun.get("asked_by")
        if not asked:
            return _doer(self._decided)
        return Doer(kind=asked["kind"], id=asked["id"], name=self._names.get(asked["id"], ""))

    # --- People ---

    def _contractors(self) -> tuple[Contractor, ...]:
        """Exceptions first, then by name; people whose names are gone come last, by their keys."""
        again = self._newest_about(Events.SIGN_IN_ALLOWED_AGAIN.code)
        claims = self._newest_about(*CLAIMS)
        found = [
            self._contractor(each, again=again.get(each.target_id), claims=claims.get(each.target_id))
            for each in self._of(*ENDED)
        ]
        return tuple(
            sorted(
                found,
                key=lambda each: (
                    not each.is_exception,
                    not each.open_tasks,
                    not each.name,
                    each.name.casefold(),
                    each.person,
                ),
            )
        )

    def _contractor(
        self, entry: AuditEntry, *, again: AuditEntry | None, claims: AuditEntry | None
    ) -> Contractor:
        details, person = entry.details, entry.target_id
        return Contractor(
            person=person,
            name=label_of(entry, SubjectRole.TARGET, "label"),
            entry=entry.pk,
            sessions_ended=entry.sessions_ended or 0,
            cutoff_at=_moment(details.get("cutoff_at")),
            last_active_at=_moment(details.get("last_active_at")),
            cannot_be_cut_before=_moment(details.get("cannot_be_cut_before")),
            left_out=str(details.get("why", "")) if entry.outcome == Outcome.REFUSED else "",
            blocks_sign_in=bool(details.get("blocks_sign_in")),
            keeps=tuple(details.get("keeps", ())),
            groups_left=tuple(details.get("groups_left", ())),
            tasks=tuple(self._task(each, person=person) for each in details.get("tasks", [])),
            allowed_again_at=again.timestamp if again else None,
            claims=claims.event_code if claims else "",
        )

    def _task(self, made: Mapping[str, Any], *, person: str) -> ReportTask:
        """As it was made, and as the newest entry about it says."""
        task = ReportTask(
            id=made["task"],
            person=person,
            system=made["system"],
            kind=made["kind"],
            name=made["name"],
            state=made["state"],
            due_at=_moment(made.get("due_at")),
        )
        entry = self._task_entries.get(task.id)
        if entry is None:
            return task
        return replace(
            task,
            state=TASKS[entry.event_code],
            changed_at=entry.timestamp,
            by=_doer(entry),
            evidence=label_of(entry, SubjectRole.EVENT, "note"),
            entry=entry.pk,
        )

    # --- Later checks ---

    def _checks(self) -> tuple[ReportCheck, ...]:
        """Those that were planned or asked for, by when they were due."""
        done = [_check(each) for each in self._of(*CHECKED)]
        did = {check.which for check in done}
        planned = [
            ReportCheck(which=which, due_at=_moment(due_at))
            for which, due_at in self._begun.get("checks", {}).items()
            if which not in did
        ]
        return tuple(sorted([*done, *planned], key=lambda check: str(check.due_at)))


CHECKED = (Events.PROJECT_CHECKED.code, f"{Events.PROJECT_CHECKED.code}F")


def _check(entry: AuditEntry) -> ReportCheck:
    details = entry.details
    return ReportCheck(
        which=str(details["which"]),
        due_at=_moment(details.get("due_at")),
        done_at=entry.timestamp,
        late_seconds=int(details.get("late_seconds", 0)),
        why=str(details.get("why", "")),
        found=details["found"],
        by=_doer(entry),
        asked_by=str(details.get("asked_by") or ""),
        entry=entry.pk,
    )


def _approved(entry: AuditEntry) -> Approved:
    return Approved(event=entry.event_code, by=_doer(entry), at=entry.timestamp, entry=entry.pk)


def _sign_off(entry: AuditEntry) -> SignOff:
    return SignOff(
        capacity=str(entry.details["capacity"]),
        by=_doer(entry),
        at=entry.timestamp,
        sha256=str(entry.details["report"]),
        note=label_of(entry, SubjectRole.EVENT, "note"),
        entry=entry.pk,
    )


def _doer(entry: AuditEntry) -> Doer:
    return Doer(kind=entry.initiator_kind, id=entry.initiator_id, name=initiator_of(entry))


def _names(entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Of everybody these entries name, by the id that stays; who was erased is not in it."""
    found: dict[str, str] = {}
    for entry in entries:
        found |= {entry.initiator_id: label_of(entry, SubjectRole.INITIATOR, "name")}
        if entry.target_kind == "user":
            found |= {entry.target_id: label_of(entry, SubjectRole.TARGET, "label")}
    return {key: name for key, name in found.items() if name}


def _moment(text: object) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None
