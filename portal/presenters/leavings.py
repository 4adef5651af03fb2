"""A scheduled leaving in words, and what stands of it on the person's page."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access import leavings_for, leavings_known_to, revocations_for
from portal.presenters.audit_personal import reads_note
from portal.presenters.reasons import ask, holders_of
from portal.presenters.words import clean, first_name_of, moment_words, name_of
from sessions_app.changes.leavings import owner_of
from sessions_app.changes.zones import ClockChange, LocalMoment
from sessions_app.codes_in_words import why_words
from sessions_app.models import Leaving, LeavingState, User
from sessions_app.notifications.words import moment_in


def leaves_words(leaving: Leaving) -> str:
    return moment_in(leaving.leaves_at, leaving.time_zone)


def short_words(leaving: Leaving) -> str:
    """'27 Nov, 18:00', as the clocks there show it."""
    return f"{date_format(leaving.local, 'j M')}, {leaving.local:%H:%M}"


CHANGES = {
    ClockChange.SKIPPED: gettext_lazy(
        "The clocks jump over the time that was typed, so it is the moment of the jump."
    ),
    ClockChange.TWICE: gettext_lazy("That time comes twice on this night; it is the first of the two."),
}


def scheduled_words(leaving: Leaving, moment: LocalMoment) -> str:
    """What was scheduled, and how a time that the clocks skip or repeat was understood."""
    sentence = _("The access of %(name)s ends %(when)s.") % {
        "name": name_of(leaving.user),
        "when": leaves_words(leaving),
    }
    understood = CHANGES.get(moment.change)
    return f"{sentence} {understood}" if understood else sentence


def who_scheduled(leaving: Leaving) -> str:
    """By the name they have now."""
    return name_of(leaving.initiator_user) if leaving.initiator_user else clean(leaving.initiator_name)


# --- On the person's page -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LeavingNote:
    """What one reader is told of the leaving of somebody. `tone` as the component's."""

    title: str
    lines: list[str]
    tone: str = ""
    note: str = ""
    receipt_url: str = ""
    may_change: bool = False

    @property
    def icon(self) -> str:
        return "alert" if self.tone else "clock"


def note_on(person: User, reader: User) -> LeavingNote | None:
    """The leaving that stands, or the one that an earlier order made needless; None where there is neither."""
    leaving = leavings_known_to(reader).filter(user=person).standing_or_overtaken(timezone.now()).first()
    if leaving is None:
        return None
    if leaving.state == LeavingState.OVERTAKEN:
        return _overtaken(leaving, reader)
    return _stuck(leaving, reader) if leaving.is_stuck else _standing(leaving, reader)


def _standing(leaving: Leaving, reader: User) -> LeavingNote:
    when = {"who": who_scheduled(leaving), "at": moment_words(leaving.asked_at)}
    scheduled = _("Scheduled by %(who)s, %(at)s UTC. It can be changed and taken back until then.") % when
    return LeavingNote(
        title=_("Access ends %s") % leaves_words(leaving),
        lines=[scheduled, *_ticket(leaving), *_forecast(leaving)],
        note=note_of(leaving, reader),
        may_change=leavings_for(reader).filter(pk=leaving.pk).exists(),
    )


def _stuck(leaving: Leaving, reader: User) -> LeavingNote:
    owner = owner_of(leaving)
    names = holders_of({owner}, but=leaving.user)
    who = _("%(owner)s has to see to it.") % {"owner": owner.label}
    whose = f"{who} {ask(names)}" if names else who
    return LeavingNote(
        title=_("Should have left %s, and still has access") % leaves_words(leaving),
        lines=[
            why_words(leaving.stuck_because),
            whose,
            *_ticket(leaving),
        ],
        tone="danger",
        note=note_of(leaving, reader),
        may_change=leavings_for(reader).filter(pk=leaving.pk).exists(),
    )


def _overtaken(leaving: Leaving, reader: User) -> LeavingNote:
    done = leaving.revocation
    readable = done is not None and revocations_for(reader).filter(pk=done.pk).exists()
    return LeavingNote(
        title=_("Was to leave %s") % leaves_words(leaving),
        lines=[
            _("The access had ended earlier: receipt %s.") % (done.receipt if done else ""),
            _("If sign-in is allowed again before that moment, the leaving stands again."),
        ],
        receipt_url=reverse("receipt", args=[done.receipt]) if readable and done else "",
    )


def _ticket(leaving: Leaving) -> list[str]:
    return [_("Ticket %s.") % clean(leaving.ticket)] if leaving.ticket else []


def _forecast(leaving: Leaving) -> list[str]:
    if not leaving.user.is_privileged:
        return []
    return [privileged_words(leaving.user)]


def privileged_words(person: User) -> str:
    return _(
        "%s is an Admin or in Security, whose access never ends by itself: "
        "at that moment Security is asked to end it, with a second person."
    ) % first_name_of(person)


def note_of(leaving: Leaving, reader: User) -> str:
    """For whoever wrote it, their role and Security; empty for everybody else."""
    may_read = reads_note(reader, initiator_id=leaving.initiator_id, roles_then=leaving.initiator_roles)
    return clean(leaving.note, 1000) if may_read else ""
