"""The dialogs that schedule, change and take back one person's leaving, as one reader may."""

from __future__ import annotations

from datetime import date, time
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import leavings_for
from portal.presenters.leavings import leaves_words, note_of, privileged_words, who_scheduled
from portal.presenters.person import Refusal, refusal_of_the_privileged, refusal_to_terminate
from portal.presenters.reasons import ReasonChoice, ask, effect_of, holders_of
from portal.presenters.words import first_name_of, is_today, name_of, sessions_words
from sessions_app.changes.zones import moment_of, offered_zones, zones_of
from sessions_app.models import Leaving, Role, Session, User
from sessions_app.models.reasons import Reason

END_OF_WORK = time(18)


class LeavingDialog:
    """What the dialogs say about one person, as one reader may act on them."""

    def __init__(self, person: User, reader: User) -> None:
        self.person = person
        self.reader = reader

    @property
    def url(self) -> str:
        return reverse("leaving", args=[self.person.pk])

    @property
    def take_back_url(self) -> str:
        return reverse("leaving_cancel", args=[self.person.pk])

    @property
    def person_url(self) -> str:
        return reverse("person", args=[self.person.pk])

    @cached_property
    def standing(self) -> Leaving | None:
        return self.person.leavings.scheduled().select_related("initiator_user", "user").first()

    @property
    def title(self) -> str:
        if self.standing:
            return _("Change when %s leaves?") % name_of(self.person)
        return _("When does %s leave?") % name_of(self.person)

    @property
    def lead(self) -> str:
        count = Session.objects.of(self.person).open().count()
        live = _("%s live now.") % sessions_words(count) if count else ""
        sentence = _(
            "At that moment all access ends by itself, as with Terminate now. It can be taken back until then."
        )
        return f"{sentence} {live}".strip()

    @property
    def submit(self) -> str:
        return _("Change leaving") if self.standing else _("Schedule leaving")

    @property
    def recorded_as(self) -> str:
        roles = ", ".join(sorted(str(role.label) for role in self.reader.roles))
        return _("Recorded as %(name)s, %(roles)s") % {"name": name_of(self.reader), "roles": roles}

    @property
    def reasons(self) -> list[ReasonChoice]:
        reason = Reason.OFFBOARDING
        return [ReasonChoice(value=reason.value, name=str(reason.label), effect=effect_of(reason))]

    @cached_property
    def refusal(self) -> Refusal | None:
        refused = refusal_to_terminate(self.person, self.reader) or refusal_of_the_privileged(
            self.person, self.reader
        )
        if refused is None and not self.person.is_active:
            refused = Refusal(sentence=_("Sign-in is blocked already, so there is nothing left to schedule."))
        if refused is None and self.standing is not None:
            refused = refusal_to_change(self.standing, self.reader)
        return refused

    @property
    def warning(self) -> str:
        return privileged_words(self.person) if self.person.is_privileged else ""

    @property
    def stands_words(self) -> str:
        return leaves_words(self.standing) if self.standing else ""

    # --- Taking back ---

    @property
    def take_back_title(self) -> str:
        return _("Take back the leaving of %s?") % name_of(self.person)

    @property
    def take_back_lead(self) -> str:
        if self.standing is None:
            return _("No leaving is scheduled any more.")
        return _("Scheduled by %(who)s for %(when)s. Nothing ends then, and %(name)s keeps access.") % {
            "who": who_scheduled(self.standing),
            "when": self.stands_words,
            "name": first_name_of(self.person),
        }

    # --- What the form begins with ---

    @property
    def zones(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Choices in groups: those of the person's country first."""
        regions: dict[str, list[tuple[str, str]]] = {}
        for zone in offered_zones():
            regions.setdefault(zone.partition("/")[0], []).append((zone, zone.replace("_", " ")))
        own = [(zone, zone.replace("_", " ")) for zone in self._likely_zones]
        return (
            [(_("Where %s works") % first_name_of(self.person), own), *regions.items()]
            if own
            else [*regions.items()]
        )

    @property
    def _likely_zones(self) -> tuple[str, ...]:
        kept = (self.standing.time_zone,) if self.standing else ()
        return tuple(dict.fromkeys([*kept, *zones_of(self.person.country)]))

    @property
    def likely(self) -> dict[str, object]:
        """What stands; else the last day that HR's system gave, at the end of work there."""
        if self.standing is not None:
            local = self.standing.local
            kept = {"ticket": self.standing.ticket, "note": note_of(self.standing, self.reader)}
            return {"day": local.date(), "at": local.time(), "zone": self.standing.time_zone, **kept}
        zone = next(iter(self._likely_zones), "UTC")
        return {"day": self._last_day_ahead(zone), "at": END_OF_WORK, "zone": zone}

    def _last_day_ahead(self, zone: str) -> date | None:
        day = self.person.last_day
        if day is None:
            return None
        is_ahead = is_today(day) or day > timezone.now().date()
        return day if is_ahead and moment_of(day, END_OF_WORK, zone).at > timezone.now() else None


def refusal_to_change(leaving: Leaving, reader: User) -> Refusal | None:
    """HR changes and takes back what HR's own hand scheduled; IT and Security all of it."""
    if leavings_for(reader).filter(pk=leaving.pk).exists():
        return None
    who = who_scheduled(leaving) or _("Somebody else")
    sentence = _(
        "%s scheduled this leaving. Your role changes and takes back only what you scheduled yourself."
    )
    return Refusal(sentence=sentence % who, ask=ask(holders_of({Role.IT, Role.SECURITY})))
