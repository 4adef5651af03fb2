"""The signed versions of a receipt: which there are, and what one says, with the names added that it does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.models import ReceiptVersion
from audit.receipts import NOT_YET_SEALED, is_unchanged
from audit.signing import grouped
from portal import times
from portal.presenters.audit_words import TITLES
from portal.presenters.ending_scope import left_out_words
from portal.presenters.outside_tasks import OutsideTasks
from portal.presenters.receipt import Receipt
from portal.presenters.role_change import OUTCOME_WORDS
from portal.presenters.words import clean, initiator_words, name_of, sessions_words
from sessions_app.models import Application, ApprovalState, RevocationScope, RoleChangeState, StepState, User
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import ReceiptOwes
from sessions_app.models.steps import OPEN_STEPS
from sessions_app.revocation.receipt_versions import Change

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CHANGES: dict[Change, StrOrPromise] = {
    Change.DECIDED: gettext_lazy("Decided"),
    Change.ROLE_CHANGED: gettext_lazy("Role change noted"),
    Change.SESSIONS_ENDED: gettext_lazy("Everybody's sessions ended"),
    Change.CUT_OFF: gettext_lazy("Cut off"),
    Change.TOLD: gettext_lazy("The person was told"),
    Change.SECOND_FACTOR_PROVED: gettext_lazy("Second factor proved"),
    Change.SECOND_FACTOR_WAIVED: gettext_lazy("Second factor waived"),
    Change.CLAIMS_COMPARED: gettext_lazy("New token compared"),
    Change.SIGN_IN_ALLOWED_AGAIN: gettext_lazy("Sign-in allowed again"),
    Change.WRONG_PERSON: gettext_lazy("Wrong person"),
    Change.TASKS_DONE: gettext_lazy("Tasks marked done"),
    Change.TASK_REOPENED: gettext_lazy("Task reopened"),
    Change.SEALED: gettext_lazy("Entries numbered in the chain"),
    Change.MADE_LATE: gettext_lazy("Signed late, by the clock"),
}
STATES: dict[str, StrOrPromise] = {
    "requested": gettext_lazy("decided, not yet cut off"),
    "cut_off": gettext_lazy("cut off, read back through the guard"),
    "confirmed": gettext_lazy("confirmed by every system"),
}
PROOFS: dict[str, StrOrPromise] = {
    "session": gettext_lazy("Guard asked for session …%(tail)s at %(at)s: REVOKED."),
    "token": gettext_lazy("Guard asked for token …%(tail)s at %(at)s: REVOKED."),
    "user": gettext_lazy(
        "Guard asked for a sign-in of this person from the moment of the cutoff at %(at)s: REVOKED."
    ),
}
ROWS = 50
NO_OUTSIDE_SYSTEMS = gettext_lazy("No outside systems are connected, so nothing outside was confirmed.")


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """One version in the list."""

    number: int
    word: StrOrPromise
    made_at: datetime
    url: str
    is_shown: bool


@dataclass(frozen=True, kw_only=True)
class PersonLine:
    """One of many people, as the document has it, with the name."""

    name: str
    cutoff: str
    sessions: int
    sign_in: str
    keeps: str
    left_out: str


@dataclass(frozen=True, kw_only=True)
class SessionLine:
    """One session that was ended, as the document has it, with names."""

    person: str
    applications: str
    realm: str
    began: str
    until: str
    id: str


@dataclass(frozen=True, kw_only=True)
class EntryLine:
    """One entry of the trail; `hash` is empty while it is not sealed."""

    entry: int
    code: str
    title: StrOrPromise
    at: str
    number: str
    hash: str


class SignedVersions:
    """The versions of one receipt, for a reader who reaches everybody it is about: a signature has no gaps."""

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt

    @property
    def is_shown(self) -> bool:
        return not self.receipt.concerned.hidden

    @cached_property
    def all(self) -> list[ReceiptVersion]:
        if not self.is_shown:
            return []
        return list(ReceiptVersion.objects.of(self.receipt.number))

    @property
    def latest(self) -> ReceiptVersion | None:
        return self.all[-1] if self.all else None

    def one(self, number: int) -> ReceiptVersion | None:
        return next((version for version in self.all if version.number == number), None)

    def rows(self, shown: int | None = None) -> list[VersionRow]:
        """Newest first."""
        return [
            VersionRow(
                number=version.number,
                word=change_words(version),
                made_at=version.made_at,
                url=reverse("receipt_version", args=[self.receipt.number, version.number]),
                is_shown=version.number == shown,
            )
            for version in reversed(self.all)
        ]

    @property
    def fingerprint(self) -> str:
        return grouped(self.latest.key_id) if self.latest else ""

    @property
    def is_owed(self) -> bool:
        """Whether the present state is not signed yet."""
        return self.receipt.revocation.receipt_owes == ReceiptOwes.VERSION


class VersionPage:
    """What one version says, in words."""

    def __init__(self, versions: SignedVersions, version: ReceiptVersion, *, page: str = "") -> None:
        self._page = page
        self.versions = versions
        self.version = version
        self.document = version.facts

    # --- Title ---

    @property
    def receipt(self) -> Receipt:
        return self.versions.receipt

    @property
    def title(self) -> str:
        return _("Receipt %(receipt)s, version %(number)d") % {
            "receipt": self.version.receipt,
            "number": self.version.number,
        }

    @property
    def change(self) -> str:
        return str(change_words(self.version))

    @property
    def is_latest(self) -> bool:
        return self.version == self.versions.latest

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        here = _("Version %d") % self.version.number
        return [
            (_("Revocations"), reverse("revocations")),
            (self.receipt.number, self.receipt.url),
            (here, ""),
        ]

    @property
    def rows(self) -> list[VersionRow]:
        return self.versions.rows(self.version.number)

    # --- The signature ---

    @cached_property
    def is_genuine(self) -> bool:
        return is_unchanged(self.version)

    @property
    def fingerprint(self) -> str:
        return grouped(self.version.key_id)

    @property
    def hash(self) -> str:
        return bytes(self.version.hash).hex()

    # --- What it says ---

    @cached_property
    def facts(self) -> list[tuple[str, str]]:
        clocks = self.document["clocks"]
        return [
            (_("State"), str(STATES[self.document["state"]])),
            (_("People"), self._people_words),
            (_("Covers"), str(RevocationScope(self.document["scope"]).label)),
            (_("Reason"), str(Reason(self.document["reason"]).label)),
            (_("Ordered by"), initiator_words(self.receipt.revocation)),
            *self._second_person(),
            (_("Received"), moment(clocks["received_at"])),
            (_("Decided"), moment(clocks["decided_at"])),
            (_("Cut off"), self._cut_off(clocks)),
            (_("Confirmed by outside systems"), self._confirmed(clocks)),
            (_("Sessions ended"), sessions_words(self.document["sessions_ended"])),
            (_("Sign-in"), self._sign_in(clocks)),
            (_("Told"), moment(clocks["told_at"]) if clocks["told_at"] else _("Nobody yet")),
            *self._second_factor(),
            *self._role_change(),
            *self._tasks,
            (_("Proof"), self.proof),
        ]

    @property
    def is_of_many(self) -> bool:
        return self.receipt.is_of_many

    @property
    def _people_words(self) -> str:
        people = self.document["people"]
        if not self.is_of_many:
            return ", ".join(self._person(each["id"]) for each in people)
        left_out = sum(bool(each["left_out"]) for each in people)
        counted = ngettext("%(count)d person", "%(count)d people", len(people)) % {"count": len(people)}
        counted = f"{self.receipt.name}: {counted}"
        if not left_out:
            return counted
        return _("%(people)s, %(left_out)d of them left out") % {"people": counted, "left_out": left_out}

    @cached_property
    def people(self) -> list[PersonLine]:
        """Of a decision about many, each with what became of it for them, in order of names."""
        if not self.is_of_many:
            return []
        return sorted(map(self._person_line, self.document["people"]), key=lambda line: line.name.casefold())

    @cached_property
    def page(self) -> Page[PersonLine]:
        return Paginator(self.people, ROWS).get_page(self._page)

    def _person_line(self, each: dict[str, Any]) -> PersonLine:
        left_out = each["left_out"]
        sign_in = _("blocked") if each["blocks_sign_in"] else _("stays open")
        if each["sign_in_allowed_again_at"]:
            sign_in = _("allowed again")
        return PersonLine(
            name=self._person(each["id"]),
            cutoff=moment(each["cutoff"]) if each["cutoff"] else "",
            sessions=each["sessions_ended"],
            sign_in=sign_in,
            keeps=", ".join(each["keeps_projects"]),
            left_out=left_out_words(left_out) if left_out else "",
        )

    @property
    def _tasks(self) -> list[tuple[str, str]]:
        """What people do by hand outside, counted; versions of before have none."""
        said = [f"{count} {StepState(state).label}" for state, count in self._task_counts.items() if count]
        return [(_("Removed outside, by hand"), ", ".join(said))] if said else []

    @cached_property
    def _task_counts(self) -> dict[str, int]:
        tasks = self.document["systems"].get("tasks") or []
        return {state: sum(each.get(state, 0) for each in tasks) for state in StepState.values}

    @property
    def _outside(self) -> OutsideTasks:
        """As they stood when it was signed; versions of before do not say when the last one was done."""
        counts, last_done = self._task_counts, self.document["systems"].get("last_done_at")
        return OutsideTasks(
            open=sum(counts[state] for state in OPEN_STEPS),
            done=counts[StepState.DONE],
            not_needed=counts[StepState.NOT_NEEDED],
            last_done_at=parse_datetime(last_done) if last_done else None,
        )

    def _cut_off(self, clocks: dict[str, Any]) -> str:
        if clocks["cut_off_at"] is None:
            return _("NOT YET CUT OFF")
        after = times.amount(clocks["milliseconds_to_cut_off"] / 1000)
        return _("%(at)s, %(after)s after it was received") % {
            "at": moment(clocks["cut_off_at"]),
            "after": after,
        }

    def _confirmed(self, clocks: dict[str, Any]) -> str:
        if clocks["confirmed_at"]:
            return moment(clocks["confirmed_at"])
        return self._outside.sentence_to_keep if self._outside.total else str(NO_OUTSIDE_SYSTEMS)

    def _sign_in(self, clocks: dict[str, Any]) -> str:
        if clocks["sign_in_allowed_again_at"]:
            return _("Was blocked; allowed again %s") % moment(clocks["sign_in_allowed_again_at"])
        return _("Blocked") if self.document["blocks_sign_in"] else _("Stays open")

    def _second_person(self) -> list[tuple[str, str]]:
        second = self.document.get("second_person")  # versions of before two people decided have no such key
        if second is None:
            return []
        said = {"who": self._person(second["id"]), "at": moment(second["decided_at"])}
        if second["how"] == ApprovalState.BROKEN_GLASS:
            return [(_("Second person"), _("None: %(who)s went alone at %(at)s") % said)]
        return [(_("Approved by"), _("%(who)s at %(at)s") % said)]

    def _second_factor(self) -> list[tuple[str, str]]:
        demanded = self.document["second_factor"]
        if demanded is None:
            return []
        if waived_at := demanded.get("waived_at"):  # versions of before waivers were signed have no such key
            return [(_("Second factor"), _("Waived at %s: identified in another way") % moment(waived_at))]
        if demanded["proved_at"] is None:
            return [(_("Second factor"), _("Demanded, not proved yet."))]
        return [(_("Second factor"), _("Proved at %s") % moment(demanded["proved_at"]))]

    def _role_change(self) -> list[tuple[str, str]]:
        change = self.document["role_change"]
        if change is None:
            return []
        lost = ", ".join(clean(row.get("group") or row["role"]) for row in change["lost"]) or "–"
        return [
            (_("Role change, lost"), lost),
            (_("Role change, new token"), str(OUTCOME_WORDS[RoleChangeState(change["state"])])),
        ]

    @property
    def proof(self) -> str:
        proof = self.document["proof"]
        if proof is None:
            return _("Nothing was proved yet.")
        return str(PROOFS[proof["asked_for"]]) % {"tail": proof["ends_in"], "at": moment(proof["at"])}

    @cached_property
    def sessions(self) -> list[SessionLine]:
        return [
            SessionLine(
                person=self._person(session["person"]),
                applications=", ".join(self._application(key) for key in session["applications"])
                or _("No known application"),
                realm=clean(session["realm"]),
                began=moment(session["began_at"]),
                until=moment(session["cannot_be_cut_before"]) if session["cannot_be_cut_before"] else "",
                id=session["id"],
            )
            for session in self.document["sessions"]
        ]

    @cached_property
    def entries(self) -> list[EntryLine]:
        return [
            EntryLine(
                entry=entry["entry"],
                code=entry["event"],
                title=TITLES.get(entry["event"].removesuffix("F"), entry["event"]),
                at=moment(entry["at"]),
                number=_("not yet sealed") if entry["number"] == NOT_YET_SEALED else f"#{entry['number']}",
                hash=entry["hash"] or "",
            )
            for entry in self.document["audit"]
        ]

    # --- Names, which the document does not hold ---

    @cached_property
    def names(self) -> dict[str, str]:
        """By id, as they are now."""
        ids = {each["id"] for each in self.document["people"]}
        ids |= {session["person"] for session in self.document["sessions"]}
        if second := self.document.get("second_person"):
            ids.add(second["id"])
        return {str(user.pk): name_of(user) for user in User.objects.filter(pk__in=ids)}

    def _person(self, user_id: str) -> str:
        return self.names.get(user_id, user_id)

    @cached_property
    def _applications(self) -> dict[str, str]:
        keys = {key for session in self.document["sessions"] for key in session["applications"]}
        return {app.key: clean(app.name) for app in Application.objects.filter(key__in=keys)}

    def _application(self, key: str) -> str:
        return self._applications.get(key, key)


def change_words(version: ReceiptVersion) -> StrOrPromise:
    return CHANGES[Change(version.facts["change"])]


def moment(stamp: str) -> str:
    """'2026-11-23 14:02:11.402 UTC'."""
    at = parse_datetime(stamp)
    return times.exact(at) if at else stamp
