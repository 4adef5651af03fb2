"""Checking the whole trail in the database by the rules of the stand-alone verifier, in pieces that end soon.

What it cannot find: that the end of the trail was cut off together with its checkpoints, the queue and the head,
where no checkpoint is kept outside the database. The checkpoint files are compared wherever they can be read.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from audit import checkpoint_files, checkpoints
from audit.chain import unsealed
from audit.entry_form import beside, body_of, committed, forms_with
from audit.events import Events, Outcome
from audit.initiators import Initiator
from audit.models import AuditEntry, ChainHead, ChainLink, Checkpoint, TrailKey, UnsealedEntry, Verification
from audit.proofs import key_record
from audit.record import record
from audit.signing import verified
from audit.verifier import (
    CheckpointCheck,
    EntryCheck,
    Findings,
    KeyRing,
    Problem,
    Report,
    Tree,
    commitment,
    digest_of_record,
)

AT_ONCE = 2000
DAMAGED = (ValueError, KeyError, TypeError)

Progress = Callable[[Verification], None]


def begin(*, asked_by: Initiator, fingerprint: str = "") -> Verification:
    """A check of everything sealed by now. `fingerprint` is of the key that the one who asks knows."""
    # In this order: what is sealed in between is then beyond the checkpoint, never missing before it.
    anchor = checkpoints.latest()
    last = ChainLink.objects.aggregate(last=Max("number"))["last"]
    return Verification.objects.create(
        initiator_id=asked_by.id,
        fingerprint=fingerprint,
        until=last or 0,
        anchor=anchor.number if anchor else 0,
        state={"phase": "checkpoints", "place": 0},
    )


def go_on(verification: Verification, *, by: Initiator, seconds: float) -> Verification:
    """Checks on for about so long, and keeps how far it came; where it came to the end, that is an entry.

    Two who go on at once do the same piece twice, and one of them is kept. Returns what is kept.
    """
    if verification.finished_at:
        return verification
    work, until = _Work(verification), time.monotonic() + seconds
    is_over = work.piece()
    while not is_over and time.monotonic() < until:
        is_over = work.piece()
    return _keep(work, by=by, is_over=is_over)


def run_to_the_end(verification: Verification, *, by: Initiator, tell: Progress) -> Verification:
    """All of it in one go; `tell` hears about once a second how far it is."""
    while not verification.finished_at:
        verification = go_on(verification, by=by, seconds=1.0)
        tell(verification)
    return verification


def report_of(verification: Verification) -> Report:
    """The result in the form of the stand-alone verifier's."""
    anchor = Checkpoint.objects.filter(number=verification.anchor).first()
    found = [Problem(**problem) for problem in verification.problems]
    return Report(
        findings=Findings(problems=found, count=verification.problem_count),
        signer_checked=bool(verification.fingerprint),
        facts={
            "entries": verification.checked,
            "unsealed": unsealed(),
            "proved": verification.proved,
            "checkpoint": checkpoints.statement_of(anchor) if anchor else None,
        },
    )


def last_finished() -> Verification | None:
    """The latest check that came to its end."""
    return Verification.objects.filter(finished_at__isnull=False).order_by("finished_at").last()


def _keep(work: _Work, *, by: Initiator, is_over: bool) -> Verification:
    verification = work.verification
    columns = {**work.columns(), "turn": verification.turn + 1}
    if is_over:
        columns["finished_at"] = timezone.now()
    with transaction.atomic():
        untouched = Verification.objects.filter(pk=verification.pk, turn=verification.turn)
        if untouched.update(**columns) and is_over:
            _record(work, by=by)
    verification.refresh_from_db()
    return verification


def _record(work: _Work, *, by: Initiator) -> None:
    found, checked = work.findings, work.entries.size
    details: dict[str, Any] = {"checked": checked, "checkpoint": work.verification.anchor}
    if found.count:
        details |= {"why": found.problems[0].said, "count": found.count}
        if found.first_number is not None:
            details["first_bad"] = found.first_number
    record(
        Events.CHAIN_VERIFIED,
        initiator=by,
        outcome=Outcome.FAILED if found.count else Outcome.DONE,
        details=details,
    )


class _Work:
    """The state of a check, taken from its row and put back into it."""

    def __init__(self, verification: Verification) -> None:
        self.verification = verification
        state = self.state = dict(verification.state)
        self.findings = Findings(
            problems=[Problem(**problem) for problem in verification.problems],
            count=verification.problem_count,
        )
        self.keys = KeyRing(verify=verified)
        self._sound_keys = [self.keys.add(key_record(key)) for key in TrailKey.objects.order_by("number")]
        self.checkpoints = CheckpointCheck(
            keys=self.keys, findings=self.findings, last=state.get("last_checkpoint")
        )
        self.entries = _entry_check(state.get("entries"), self.findings)
        self._pieces: dict[str, Callable[[], str]] = {
            "checkpoints": self._some_checkpoints,
            "outside": self._one_file_outside,
            "entries": self._some_entries,
            "rest": self._the_rest,
        }

    def piece(self) -> bool:
        """One piece; True where it was the last. A row that cannot even be read is a finding, not an error."""
        phase = self.state["phase"]
        try:
            following = self._pieces[phase]()
        except DAMAGED as error:
            said = f"After entry {self.entries.size} something cannot be read: {type(error).__name__}."
            self.findings.add("damaged", said, self.entries.size + 1)
            following = "over"
        if following != phase:
            self.state |= {"phase": following, "place": 0}
        return following == "over"

    def columns(self) -> dict[str, Any]:
        """What is written back into the row."""
        tree, last = self.entries.tree, self.entries.last
        kept = {
            "tree_size": tree.size,
            "peaks": [peak.hex() for peak in tree.peaks],
            "size": self.entries.size,
            "last": last.hex() if last is not None else None,
            "is_whole": self.entries.is_whole,
            "proved": self.entries.proved,
            "not_before": self.entries.not_before,
        }
        return {
            "checked": self.entries.size,
            "proved": self.entries.proved,
            "state": {**self.state, "last_checkpoint": self.checkpoints.last, "entries": kept},
            "problems": [asdict(problem) for problem in self.findings.problems],
            "problem_count": self.findings.count,
        }

    def _some_checkpoints(self) -> str:
        rows = list(self._checkpoints_after(self.state["place"])[:AT_ONCE])
        for row in rows:
            self.checkpoints.add(checkpoints.record_of(row))
            self.state["place"] = row.number
        if rows:
            return "checkpoints"
        self.checkpoints.finish()
        self._check_signers()
        return "outside"

    def _check_signers(self) -> None:
        for number, is_sound in enumerate(self._sound_keys, start=1):
            if not is_sound:
                self.findings.add("key", f"Key {number} is not signed by itself.")
        if not self.verification.anchor and self.verification.until:
            self.findings.add(
                "no_checkpoint", "There is no checkpoint, so nothing says that these are the entries."
            )
        given = self.verification.fingerprint
        signers = Checkpoint.objects.filter(number__lte=self.verification.anchor).values_list(
            "key_id", flat=True
        )
        if given and set(signers.distinct()) - self.keys.stood_for_by(given):
            self.findings.add(
                "signer", "A checkpoint is signed by a key that the given one does not stand for."
            )

    def _one_file_outside(self) -> str:
        """One month of checkpoints kept outside must be those of the database, and none be newer than all of them."""
        files = checkpoint_files.files()
        if self.state["place"] >= len(files):
            return "entries"
        for line in checkpoint_files.lines_of(files[self.state["place"]]):
            self._compare_outside(line)
        self.state["place"] += 1
        return "outside"

    def _compare_outside(self, line: dict[str, Any]) -> None:
        number, size = line["statement"]["number"], line["statement"]["size"]
        here = Checkpoint.objects.filter(number=number).first()
        if here is None:
            said = f"Checkpoint {number}, kept outside, is missing here; it counted {size} entries."
            anchor = Checkpoint.objects.filter(number=self.verification.anchor).first()
            cut = anchor is not None and size > anchor.size
            self.findings.add(
                "cut_off" if cut else "checkpoint_missing", said, anchor.size + 1 if cut and anchor else None
            )
        elif checkpoints.digest_of(here) != digest_of_record(line):
            self.findings.add("outside", f"Checkpoint {number} is another one than the one kept outside.")

    def _some_entries(self) -> str:
        if not self.entries.size:
            self._pass_checkpoints()
        links = ChainLink.objects.filter(number__gt=self.entries.size, number__lte=self.verification.until)
        rows = list(links.order_by("number").values_list("number", "entry_id", "hash")[:AT_ONCE])
        if not rows:
            return "rest"
        forms, wrong = _forms_and_wrong_values([entry_id for _, entry_id, _ in rows])
        for number, entry_id, digest in rows:
            form = forms.get(entry_id)
            self.entries.entry(number, bytes(digest), body_of(form) if form else None)
            if entry_id in wrong:
                self.findings.add(
                    "personal", f"A personal value beside entry {number} is not the one it had.", number
                )
            if number >= self._next_size():
                self._pass_checkpoints()
        return "entries"

    def _next_size(self) -> int:
        """The size at which the next checkpoint has to be compared; beyond everything where there is none."""
        if "next_size" not in self.state:
            following = self._checkpoints_after(self.state["place"]).values_list("size", flat=True).first()
            self.state["next_size"] = self.verification.until + 1 if following is None else following
        return int(self.state["next_size"])

    def _pass_checkpoints(self) -> None:
        """Every checkpoint that was taken at the present size, or should have been passed before."""
        for row in self._checkpoints_after(self.state["place"]).iterator(chunk_size=AT_ONCE):
            if row.size > self.entries.size:
                break
            self.state["place"] = row.number
            if row.size == self.entries.size:
                self.entries.checkpoint(checkpoints.statement_of(row))
        self.state.pop("next_size", None)

    def _the_rest(self) -> str:
        anchor = Checkpoint.objects.filter(number=self.verification.anchor).first()
        head = ChainHead.objects.first()
        if anchor and self.entries.size < anchor.size:
            self.entries.cut_off(checkpoints.statement_of(anchor))
        elif (
            head and self.entries.size < head.size and not ChainLink.objects.filter(number=head.size).exists()
        ):
            first = self.entries.size + 1
            self.findings.add("cut_off", f"Entries {first} to {head.size} are missing.", first)
        self._check_unsealed()
        return "over"

    def _check_unsealed(self) -> None:
        """Whoever is in the trail has a link or waits for one."""
        if not _entries_that_neither_wait_nor_are_linked():
            return
        lost = AuditEntry.objects.filter(link__isnull=True).exclude(
            pk__in=UnsealedEntry.objects.values("entry_id")
        )
        first = lost.aggregate(first=Min("pk"))["first"]
        if first is not None:
            self.findings.add("never_sealed", f"The entry with id {first} was kept from being sealed.")
            return
        self.findings.add("gone", "An entry that waited to be sealed was deleted.")

    def _checkpoints_after(self, number: int) -> Any:
        return Checkpoint.objects.filter(number__gt=number, number__lte=self.verification.anchor).order_by(
            "number"
        )


def _entry_check(kept: dict[str, Any] | None, findings: Findings) -> EntryCheck:
    if kept is None:
        return EntryCheck(findings=findings)
    return EntryCheck(
        findings=findings,
        tree=Tree(size=kept["tree_size"], peaks=[bytes.fromhex(peak) for peak in kept["peaks"]]),
        size=kept["size"],
        last=bytes.fromhex(kept["last"]) if kept["last"] is not None else None,
        is_whole=kept["is_whole"],
        proved=kept["proved"],
        not_before=kept["not_before"],
    )


def _forms_and_wrong_values(entry_ids: list[int]) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """The entries' forms, and which of them have a value beside them that they did not commit to."""
    personal: defaultdict[int, list[dict[str, str]]] = defaultdict(list)
    wrong: set[int] = set()
    rows = beside(entry_ids).values_list("entry_id", "role", "kind", "about", "commitment", "value", "salt")
    for entry_id, role, kind, about, said, value, salt in rows:
        personal[entry_id].append(committed(role, kind, about, said))
        if value and not _is_committed(said, salt, value):
            wrong.add(entry_id)
    return forms_with(entry_ids, personal), wrong


def _is_committed(said: str, salt: str, value: str) -> bool:
    try:
        return commitment(salt, value) == said
    except ValueError:
        return False


def _entries_that_neither_wait_nor_are_linked() -> bool:
    """By counts of one moment, which are quick where a comparison row by row is not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT COUNT(*) FROM audit_auditentry) "
            "- (SELECT COUNT(*) FROM audit_chainlink) - (SELECT COUNT(*) FROM audit_unsealedentry)"
        )
        (difference,) = cursor.fetchone()
    return bool(difference)
