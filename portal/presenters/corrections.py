"""A receipt that met the wrong person: who said so, what is given back and what cannot be, and the second clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from functools import cached_property
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import times
from portal.access import may, people_for
from portal.presenters.receipt import Receipt
from portal.presenters.words import clean, name_of
from portal.roles import May, Reach, roles_with
from sessions_app.changes.wrong_person import Item, Offer, offer_for
from sessions_app.models import Correction, CorrectionState, User


class Corrections:
    """What the receipt's page says of it, for one reader."""

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt
        self.reader = receipt.reader

    @cached_property
    def all(self) -> list[CorrectionNews]:
        """Of people the reader reaches; newest first."""
        reached = {user.pk for user in self.receipt.concerned.reached}
        found = self.receipt.revocation.corrections.select_related("user", "asked_by", "decided_by")
        return [CorrectionNews(each, self.receipt) for each in found if each.user_id in reached]

    @cached_property
    def people(self) -> list[User]:
        """Of whom it can still be said: those the reader may say it of, themselves left out."""
        said = {each.correction.user_id for each in self.all if not each.is_declined}
        out = set(self.receipt.revocation.targets.exclude(left_out="").values_list("user", flat=True))
        return [
            user
            for user in self.receipt.concerned.reached
            if user.pk not in said | out | {self.reader.pk} and self._may_say_of(user)
        ]

    def _may_say_of(self, user: User) -> bool:
        """For everybody in reach, or for what oneself ordered where the matrix says "own"."""
        if user.pk in self._in_reach:
            return True
        is_own = self.receipt.revocation.initiator_user_id == self.reader.pk
        own = roles_with(May.SAY_WRONG_PERSON, Reach.OWN)
        return is_own and bool(self.reader.lasting_roles & own)

    @cached_property
    def _in_reach(self) -> set[UUID]:
        """Asked once, because one receipt may be about a thousand people."""
        ids = [user.pk for user in self.receipt.concerned.reached]
        found = people_for(self.reader, May.SAY_WRONG_PERSON).filter(pk__in=ids)
        return set(found.values_list("pk", flat=True))

    @property
    def may_say(self) -> bool:
        return may(self.reader, May.SAY_WRONG_PERSON) and bool(self.people)

    @property
    def url(self) -> str:
        return reverse("wrong_person", args=[self.receipt.number])

    @property
    def title(self) -> str:
        if len(self.people) == 1:
            return _("Was %s the wrong person?") % name_of(self.people[0])
        return _("Was somebody the wrong person?")

    @property
    def lead(self) -> str:
        return _(
            "IT and Security are asked at once to give back what was taken. Every session and token that was ended "
            "stays dead."
        )

    @property
    def recorded_as(self) -> str:
        return _("Recorded as %s") % name_of(self.reader)

    def one(self, correction_id: UUID) -> CorrectionNews | None:
        return next((each for each in self.all if each.correction.pk == correction_id), None)


class CorrectionNews:
    """One of them."""

    def __init__(self, correction: Correction, receipt: Receipt) -> None:
        self.correction = correction
        self.receipt = receipt
        self.reader = receipt.reader

    @property
    def name(self) -> str:
        return name_of(self.correction.user)

    @property
    def is_waiting(self) -> bool:
        return self.correction.state == CorrectionState.ASKED

    @property
    def is_declined(self) -> bool:
        return self.correction.state == CorrectionState.DECLINED

    @property
    def is_given_back(self) -> bool:
        return self.correction.state == CorrectionState.GIVEN_BACK

    @cached_property
    def may_decide(self) -> bool:
        """Whoever may let this person sign in again, and is not that person."""
        if not self.is_waiting or self.reader.pk == self.correction.user_id:
            return False
        return people_for(self.reader, May.ALLOW_SIGN_IN_AGAIN).filter(pk=self.correction.user_id).exists()

    @property
    def said(self) -> str:
        sentence = _("%(who)s said at %(at)s UTC that %(name)s was the wrong person.") % {
            "who": name_of(self.correction.asked_by) if self.correction.asked_by else "–",
            "at": f"{self.correction.asked_at.astimezone(UTC):%H:%M:%S}",
            "name": self.name,
        }
        return f"{sentence} {self._typed(self.correction.why)}".strip()

    def _typed(self, text: str) -> str:
        """What somebody typed is for those who may say or decide such things."""
        return clean(text) if may(self.reader, May.SAY_WRONG_PERSON) else ""

    @property
    def decided(self) -> str:
        """Who decided, with what they noted."""
        correction = self.correction
        if correction.decided_by is None or correction.decided_at is None:
            return ""
        words = (
            _("%(who)s gave it back at %(at)s UTC.")
            if self.is_given_back
            else _("%(who)s found at %(at)s UTC that it was the right person.")
        )
        sentence = words % {
            "who": name_of(correction.decided_by),
            "at": f"{correction.decided_at.astimezone(UTC):%H:%M:%S}",
        }
        return f"{sentence} {self._typed(correction.note)}".strip()

    @property
    def give_back_url(self) -> str:
        return reverse("give_back", args=[self.receipt.number, self.correction.pk])

    @property
    def decline_url(self) -> str:
        return reverse("correction_decline", args=[self.receipt.number, self.correction.pk])

    # --- The second clock ---

    @property
    def clock_kind(self) -> str:
        return "confirmed" if self.correction.in_effect_at else "waiting"

    @property
    def clock_word(self) -> str:
        return _("Given back") if self.correction.in_effect_at else _("Not given back yet")

    @property
    def clock_seconds(self) -> float:
        seconds = self.correction.seconds_to_effect
        return self.correction.seconds_waiting if seconds is None else seconds

    @property
    def clock_line(self) -> SafeString:
        moment = self.correction.in_effect_at
        if moment is None:
            said_at = f"{self.correction.asked_at.astimezone(UTC):%H:%M:%S}"
            return format_html(_("said at {} UTC"), self._strong(said_at))
        return format_html(_("new sign-ins count since {} UTC"), self._strong(times.clock_time(moment)))

    def _strong(self, text: str) -> SafeString:
        return format_html("<strong>{}</strong>", text)

    # --- What ---

    @cached_property
    def offer(self) -> Offer:
        return offer_for(self.correction.revocation, self.correction.user)

    @property
    def given_back(self) -> list[str]:
        """What is, or was, given back; never empty."""
        items: Sequence[Item] = self.correction.given_back if self.is_given_back else self.offer.items
        return [_item_words(item) for item in items] or [
            _("Nothing: nothing that Curfew could give back was taken.")
        ]

    @property
    def not_given_back(self) -> list[str]:
        items = self.correction.not_given_back if self.is_given_back else self.offer.cannot
        return [_item_words(item) for item in items]

    @property
    def question(self) -> str:
        return _("Give back what was taken from %s?") % self.name

    @property
    def decline_question(self) -> str:
        return _("Was %s the right person?") % self.name


def _item_words(item: Item) -> str:
    match item["what"]:
        case "sign_in":
            return _("The right to sign in")
        case "group":
            return _("Membership of the group %s") % clean(item["name"])
        case "steps":
            count = int(item["count"])
            return ngettext(
                "%(count)d task that takes something away outside is called off",
                "%(count)d tasks that take something away outside are called off",
                count,
            ) % {"count": count}
        case "tokens":
            return _("Sessions and tokens that were ended: they stay dead")
        case "blocked_by":
            return _("The right to sign in: receipt %s blocks it as well") % item["name"]
        case "project_over":
            return _("Membership of the group %s: its project has ended") % clean(item["name"])
        case _:
            return _(
                "%(name)s in %(system)s: it was taken away there, and only there can it be given back"
            ) % {
                "name": clean(item.get("name", "")),
                "system": clean(item.get("system", "")),
            }
