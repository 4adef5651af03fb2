"""System by system: how far one revocation has come, line by line, never further than was proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import times
from portal.presenters.deaths import asks_words, remembers_words
from portal.presenters.words import clean, moment_words, sessions_words
from sessions_app.models import Application, EndedSession, Revocation
from sessions_app.models.revocations import RevocationState

LONGEST_ERROR = 300
FAILURES = (
    (("Timeout", "timed out"), gettext_lazy("the blacklist did not answer in time")),
    (("OutOfMemory", "OOM", "no memory"), gettext_lazy("the blacklist had no memory left")),
    (
        ("ConnectionError", "refused", "No such file"),
        gettext_lazy("nobody answered where the blacklist should be"),
    ),
    (
        ("the guard answered", "missing right after"),
        gettext_lazy("the guard did not read back what was written"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class ProgressLine:
    """One line; the fields are those of components/progress.html. Milestones are announced, polls are not."""

    name: str
    kind: str
    word: str
    what: str
    seconds: float | None = None
    at: str = ""
    announce: str = ""


def progress_of(revocation: Revocation, endings: Sequence[EndedSession]) -> list[ProgressLine]:
    """The blacklist first, then applications that ask us, then those that nobody can cut.

    Expects the applications of the endings' sessions to be prefetched.
    """
    known = {app.pk: app for ending in endings for app in ending.session.applications.all()}
    asking = [app for app in known.values() if app.can_be_cut]
    deaf = [app for app in known.values() if not app.can_be_cut]
    return [
        _blacklist_line(revocation),
        *(
            _asking_line(app, revocation)
            for app in sorted(asking, key=lambda app: (app.cache_seconds, app.name))
        ),
        *(_deaf_line(app, revocation, endings) for app in sorted(deaf, key=lambda app: app.name)),
    ]


def progress_of_many(
    revocation: Revocation, applications: Sequence[Application], lives_until: Mapping[int, datetime]
) -> list[ProgressLine]:
    """The same where many share one decision: `lives_until` is by key of an application that never asks us."""
    asking = [app for app in applications if app.can_be_cut]
    deaf = [app for app in applications if not app.can_be_cut]
    return [
        _blacklist_line(revocation),
        *(
            _asking_line(app, revocation)
            for app in sorted(asking, key=lambda app: (app.cache_seconds, app.name))
        ),
        *(
            _deaf_until(app, lives_until.get(app.pk, revocation.decided_at))
            for app in sorted(deaf, key=lambda app: app.name)
        ),
    ]


def _waiting_kind(revocation: Revocation) -> str:
    return "stuck" if revocation.state is RevocationState.STUCK else "waiting"


def _blacklist_line(revocation: Revocation) -> ProgressLine:
    if revocation.cut_off_at is None:
        return ProgressLine(
            name=_("Blacklist"),
            kind=_waiting_kind(revocation),
            word=_("not yet cut off"),
            what=attempts_words(revocation),
            announce=_("Decided, not yet cut off"),
        )
    ended = revocation.sessions_ended
    return ProgressLine(
        name=_("Blacklist"),
        kind="cut_off",
        word=_("cut off"),
        what=_("%s, read back") % sessions_words(ended) if ended else _("read back"),
        seconds=revocation.seconds_to_cut_off,
        announce=_("Cut off, read back through the guard"),
    )


def attempts_words(revocation: Revocation) -> str:
    """How often it was tried, and what went wrong last, in plain words."""
    count = revocation.attempts
    tried = ngettext("Tried %(count)d time.", "Tried %(count)d times.", count) % {"count": count}
    if not revocation.last_error:
        return tried
    return _("%(tried)s Last time %(error)s.") % {"tried": tried, "error": error_words(revocation.last_error)}


def error_words(error: str) -> str:
    """The usual failures in plain words; an unusual one as the library said it."""
    known = next((words for marks, words in FAILURES if any(mark in error for mark in marks)), None)
    if known:
        return str(known)
    return _("it failed: %s") % clean(error, LONGEST_ERROR).rstrip(".")


def _asking_line(application: Application, revocation: Revocation) -> ProgressLine:
    """A forecast, so never green: that this application refuses was not seen."""
    name = clean(application.name)
    if revocation.cut_off_at is None:
        what = _("refuses as soon as the blacklist has it")
        return ProgressLine(name=name, kind=_waiting_kind(revocation), word=_("not yet"), what=what)
    if application.cache_seconds:
        word = _("within %d s") % application.cache_seconds
        return ProgressLine(name=name, kind="at_once", word=word, what=remembers_words([application]))
    return ProgressLine(name=name, kind="at_once", word=_("refuses from now"), what=asks_words([application]))


def _deaf_line(
    application: Application, revocation: Revocation, endings: Sequence[EndedSession]
) -> ProgressLine:
    """Not because of the blacklist: nobody there asks us, before the cutoff or after."""
    until = max(
        ending.lives_until or revocation.decided_at
        for ending in endings
        if application in ending.session.applications.all()
    )
    return _deaf_until(application, until)


def _deaf_until(application: Application, until: datetime) -> ProgressLine:
    name, at = clean(application.name), moment_words(until)
    if until <= timezone.now():
        what = _("cannot be cut; its last token ended by itself at %s UTC") % at
        return ProgressLine(name=name, kind="expired", word=_("expired"), what=what, at=at)
    left = times.floored_amount((until - timezone.now()).total_seconds())
    what = _("its token works until %(at)s UTC, %(left)s from now") % {"at": at, "left": left}
    return ProgressLine(name=name, kind="cannot_be_cut", word=_("cannot be cut"), what=what, at=at)
