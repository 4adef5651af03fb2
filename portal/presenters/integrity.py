"""How the trail stands: how long it is, what it ends in, when it was last checked, and what was found then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit import checkpoints
from audit.chain import unsealed
from audit.errors import UnknownSigningKey
from audit.models import ChainHead, ChainLink, Checkpoint, Verification
from audit.signing import current_fingerprint, grouped
from audit.verification import last_finished
from portal.presenters.words import moment_words
from portal.templatetags.curfew import short_hash

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN_PROBLEMS = 10

# By the codes of audit/verifier.py, whose own sentences are in English alone.
PROBLEM_WORDS: dict[str, StrOrPromise] = {
    "changed": gettext_lazy("Entry %(number)s is not what it was when it was sealed."),
    "gone": gettext_lazy("Entry %(number)s was deleted."),
    "missing": gettext_lazy("Entries are missing from number %(number)s on."),
    "twice": gettext_lazy("Entry %(number)s is there twice, or not in its place."),
    "moved": gettext_lazy("Entry %(number)s does not follow the one before it."),
    "personal": gettext_lazy("A personal value beside entry %(number)s is not the one it had."),
    "version": gettext_lazy("Entry %(number)s has a form that is not known here."),
    "backdated": gettext_lazy("Entry %(number)s was added later than it says."),
    "not_as_signed": gettext_lazy(
        "From number %(number)s on, the entries are not those that a checkpoint was signed over."
    ),
    "cut_off": gettext_lazy("The end of the trail was cut off from number %(number)s on."),
    "never_sealed": gettext_lazy("An entry was kept from being sealed."),
    "no_checkpoint": gettext_lazy("There is no checkpoint: nothing says that these are the entries."),
    "checkpoint_missing": gettext_lazy("A checkpoint is missing."),
    "checkpoint_changed": gettext_lazy("A checkpoint is not the one that was signed."),
    "checkpoint_shrunk": gettext_lazy("A checkpoint counts fewer entries than the one before it."),
    "checkpoint_signature": gettext_lazy("The signature of a checkpoint is wrong."),
    "outside": gettext_lazy("A checkpoint is another one than the one kept outside the database."),
    "key": gettext_lazy("A signing key is not signed by itself."),
    "signer": gettext_lazy("A checkpoint is signed by a key that the given fingerprint does not stand for."),
}


class Found(NamedTuple):
    """One problem, and the entry it is about where that is still there."""

    words: str
    entry_id: int | None


@dataclass(frozen=True, kw_only=True)
class Integrity:
    """The trail as a whole, for those who may verify it."""

    head: ChainHead
    waiting: int
    checkpoint: Checkpoint | None
    last: Verification | None

    @classmethod
    def now(cls) -> Integrity:
        return cls(
            head=ChainHead.objects.first() or ChainHead(size=0, hash=b""),
            waiting=unsealed(),
            checkpoint=checkpoints.latest(),
            last=last_finished(),
        )

    @property
    def state(self) -> str:
        if self.last is not None and self.last.problem_count:
            return "problem"
        if self.is_overdue:
            return "stuck"
        return "complete" if self.last else "nothing"

    @property
    def word(self) -> str:
        if self.last is not None and self.last.problem_count:
            return problem_word(self.last)
        if self.is_overdue:
            return _("Checkpoints stopped")
        return _("Chain complete") if self.last else _("Not verified yet")

    @property
    def is_overdue(self) -> bool:
        """Whether what was sealed lately is signed by nobody: the clock stopped, or may not sign."""
        return checkpoints.is_overdue(self.checkpoint)

    @property
    def line(self) -> SafeString:
        """'48,122 entries, verified to 48,079 at 02:00 UTC, head c1d0…52ab', as markup."""
        said = (
            self._entries if self.last is None or self.last.finished_at is None else self._verified(self.last)
        )
        if not self.head.size:
            return format_html("{}", said)
        return format_html("{}, {} {}", said, _("head"), short_hash(self.head_hash))

    @property
    def _entries(self) -> str:
        count = self.head.size + self.waiting
        return ngettext("%(count)s entry", "%(count)s entries", count) % {"count": f"{count:,}"}

    def _verified(self, last: Verification) -> str:
        return _("%(entries)s, verified to %(number)s at %(moment)s UTC") % {
            "entries": self._entries,
            "number": f"{last.checked:,}",
            "moment": moment_words(last.finished_at or last.started_at),
        }

    @property
    def head_hash(self) -> str:
        return bytes(self.head.hash).hex() if self.head.size else ""

    @property
    def key(self) -> str:
        """The fingerprint of the key that signs now, as people compare it; empty where this process has none."""
        try:
            return grouped(current_fingerprint())
        except UnknownSigningKey:
            return ""


@dataclass(frozen=True, kw_only=True)
class VerificationShown:
    """One check, running or over, for whoever asked for it or reads its result."""

    verification: Verification
    is_own: bool

    @property
    def is_running(self) -> bool:
        return self.verification.finished_at is None

    @property
    def goes_on(self) -> bool:
        """Only whoever began it carries it on."""
        return self.is_running and self.is_own

    @property
    def total(self) -> int:
        return max(self.verification.until, 1)

    @property
    def progress(self) -> str:
        done, total = self.verification.checked, self.verification.until
        return _("%(done)s of %(total)s entries") % {"done": f"{done:,}", "total": f"{total:,}"}

    @property
    def problem_word(self) -> str:
        return problem_word(self.verification)

    @property
    def is_only_the_signer(self) -> bool:
        return is_only_the_signer(self.verification)

    @property
    def is_genuine(self) -> bool:
        return not self.verification.problem_count and bool(self.verification.fingerprint)

    @property
    def found(self) -> list[Found]:
        """The first problems in the reader's language."""
        problems = self.verification.problems[:SHOWN_PROBLEMS]
        numbers = [problem["number"] for problem in problems if problem["number"] is not None]
        entries = dict(ChainLink.objects.filter(number__in=numbers).values_list("number", "entry_id"))
        return [Found(words=_words(problem), entry_id=entries.get(problem["number"])) for problem in problems]

    @property
    def more(self) -> int:
        return self.verification.problem_count - min(len(self.verification.problems), SHOWN_PROBLEMS)


def problem_word(verification: Verification) -> str:
    """What is wrong, in two words, of a check that found something."""
    return _("Other signer") if is_only_the_signer(verification) else _("Not intact")


def is_only_the_signer(verification: Verification) -> bool:
    """Whether all is well but for the fingerprint that was given: it may be the reader's own slip."""
    codes = {problem["code"] for problem in verification.problems}
    return codes == {"signer"} and verification.problem_count == len(verification.problems)


def _words(problem: dict[str, object]) -> str:
    words = PROBLEM_WORDS.get(str(problem["code"]), gettext_lazy("Something in the trail cannot be read."))
    number = problem["number"]
    return str(words) % {"number": f"{number:,}" if isinstance(number, int) else _("unknown")}
