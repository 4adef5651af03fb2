"""The dialog that ends one person's access: what would happen, what changed meanwhile, who could be mistaken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import people_for, revocations_for
from portal.presenters.deaths import Consequence, consequences_of
from portal.presenters.person import Refusal, refusal_to_terminate, weak_issuers_of
from portal.presenters.reasons import LockedReason, ReasonChoice, choices_for, locked_for
from portal.presenters.standing import latest_revocations
from portal.presenters.words import (
    clean,
    first_name_of,
    initiator_words,
    is_today,
    moment_words,
    name_of,
    sessions_words,
)
from portal.recent_sign_in import Proof
from portal.roles import May
from sessions_app.models import OrderKey, Policy, Revocation, Role, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.coverage import Coverage, coverage_of
from sessions_app.revocation.orders import Order
from sessions_app.revocation.reasons import usable_by

SHOWN_OF_NUMBER = 3
PRIVILEGED, ORDINARY = "privileged", "ordinary"
NO_RECEIPT = "-"


@dataclass(frozen=True, kw_only=True)
class Namesake:
    """Another active person whose name could be taken for this one."""

    name: str
    department: str
    number_tail: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What tells the person from their namesakes: the number on the badge, or what stands in for it."""

    label: str
    value: str

    def is_typed(self, typed: str) -> bool:
        return typed.strip().casefold() == self.value.casefold()


class Termination:
    """What ending this person's access would do now, as this reader may do it."""

    def __init__(self, person: User, reader: User) -> None:
        self.person = person
        self.reader = reader

    @property
    def url(self) -> str:
        return reverse("terminate", args=[self.person.pk])

    @property
    def person_url(self) -> str:
        return reverse("person", args=[self.person.pk])

    @property
    def name(self) -> str:
        return name_of(self.person)

    @property
    def first_name(self) -> str:
        return first_name_of(self.person)

    @cached_property
    def refusal(self) -> Refusal | None:
        return refusal_to_terminate(self.person, self.reader)

    # --- A second person ---

    @property
    def needs_second_person(self) -> bool:
        """Whether sending the dialog only asks for it."""
        return self.person.is_privileged

    @property
    def proof(self) -> Proof:
        """What whoever sends it has to have proved just now."""
        return Proof.SECOND_FACTOR if self.needs_second_person else Proof.SIGN_IN

    @property
    def title(self) -> str:
        if self.needs_second_person:
            return _("Ask to end all of %s’s access?") % self.name
        return _("End all of %s’s access now?") % self.name

    @property
    def tone(self) -> str:
        """The button is red where pressing it ends something."""
        return "primary" if self.needs_second_person else "danger"

    @property
    def second_person_words(self) -> str:
        """Who decides, where the dialog only asks."""
        minutes = Policy.current().approval_minutes
        return _(
            "%(who)s is an Admin or in Security. Somebody else decides within %(minutes)d minutes, and one of you two "
            "is in Security. Until then nothing ends."
        ) % {"who": self.first_name, "minutes": minutes}

    # --- What would happen ---

    @cached_property
    def coverage(self) -> Coverage:
        return coverage_of(self.person)

    @property
    def consequences(self) -> list[Consequence]:
        return consequences_of(self.coverage)

    @property
    def lead(self) -> str:
        """Counts, and what cannot be undone: the sentence that is read out when the dialog opens."""
        final = _("The tokens stay dead: this cannot be undone, only a new sign-in can be allowed later.")
        return f"{self._counts} {final}".strip()

    @property
    def _counts(self) -> str:
        sessions, places = sessions_words(self.coverage.count), len(self._applications)
        if not self.coverage.count:
            return ""
        if not places:
            return f"{sessions}."
        where = ngettext("%(count)d application", "%(count)d applications", places) % {"count": places}
        return _("%(sessions)s in %(where)s.") % {"sessions": sessions, "where": where}

    @property
    def _applications(self) -> set[int]:
        return {app.pk for fate in self.coverage.fates for app in (*fate.at_once, *fate.by_itself)}

    @property
    def submit(self) -> str:
        """Verb and count."""
        if self.needs_second_person:
            return _("Ask for a second person")
        count = self.coverage.count
        if not count:
            return _("Terminate all access")
        return ngettext("Terminate %(count)d session", "Terminate %(count)d sessions", count) % {
            "count": count
        }

    @property
    def recorded_as(self) -> str:
        roles = ", ".join(sorted(str(role.label) for role in self.reader.roles))
        return _("Recorded as %(name)s, %(roles)s") % {"name": name_of(self.reader), "roles": roles}

    @cached_property
    def weak_issuers(self) -> list[str]:
        return weak_issuers_of(self.person)

    # --- Reasons ---

    @cached_property
    def _roles(self) -> frozenset[Role]:
        return self.reader.roles_over(self.person)

    @property
    def usable_reasons(self) -> list[Reason]:
        return usable_by(self._roles)

    @property
    def likely_reason(self) -> str:
        """Chosen beforehand only where the last day says it: a wrong reason left standing would be a false record."""
        return Reason.OFFBOARDING.value if is_today(self.person.last_day) else ""

    def reasons(self, chosen: str) -> list[ReasonChoice]:
        return choices_for(self._roles, chosen=chosen)

    @property
    def locked_reasons(self) -> list[LockedReason]:
        return locked_for(self._roles)

    # --- Who could be mistaken for them ---

    @cached_property
    def namesakes(self) -> list[Namesake]:
        """Only those whom the reader may know of: everybody else does not exist for them."""
        similar = self.person.namesakes()
        known = people_for(self.reader, May.SEE_PEOPLE).filter(pk__in=[each.pk for each in similar])
        return [_namesake(each) for each in known]

    @property
    def mark(self) -> Mark:
        for label, value in (
            (_("Employee number"), self.person.employee_number),
            (_("E-mail"), self.person.email),
        ):
            if value:
                return Mark(label=label, value=value)
        return Mark(label=_("User name"), value=self.person.username)

    # --- What changed meanwhile ---

    @cached_property
    def latest(self) -> Revocation | None:
        return latest_revocations([self.person]).get(self.person.pk)

    @property
    def seen(self) -> str:
        """What the dialog was drawn from, as its form carries it: the latest receipt, and whether privileged."""
        receipt = self.latest.receipt if self.latest else NO_RECEIPT
        return f"{receipt} {PRIVILEGED if self.person.is_privileged else ORDINARY}"

    def changes_since(self, seen: str) -> list[str]:
        """What is different from what the form was drawn from, in sentences; sessions do not count."""
        receipt, _space, privilege = seen.partition(" ")
        changes = []
        if self.latest and self.latest.receipt != receipt:
            changes.append(self.ended_before)
        if self.person.is_privileged and privilege != PRIVILEGED:
            sentence = _("%s has become an Admin or a member of Security.") % self.first_name
            changes.append(sentence)
        if privilege == PRIVILEGED and not self.person.is_privileged:
            sentence = _("%s is no Admin and not in Security any more, so no second person is needed.")
            changes.append(sentence % self.first_name)
        return changes

    @property
    def ended_before(self) -> str:
        """'Ivan Petrov ended this access at 14:02 UTC: Offboarding.' Empty where nobody has."""
        if self.latest is None or self.latest.reinstated_at is not None:
            return ""
        return _("%(who)s ended this access at %(when)s UTC: %(reason)s.") % {
            "who": initiator_words(self.latest),
            "when": moment_words(self.latest.decided_at),
            "reason": self.latest.get_reason_display(),
        }

    def may_read(self, revocation: Revocation) -> bool:
        return revocations_for(self.reader).filter(pk=revocation.pk).exists()

    @property
    def receipt_url(self) -> str:
        """The receipt of that earlier ending, if the reader may open it."""
        if self.latest is None or not self.may_read(self.latest):
            return ""
        return reverse("receipt", args=[self.latest.receipt])


def _namesake(person: User) -> Namesake:
    number = clean(person.employee_number)
    return Namesake(
        name=name_of(person),
        department=clean(person.department),
        number_tail=f"…{number[-SHOWN_OF_NUMBER:]}" if number else "",
    )


def was_answered(order: Order) -> bool:
    """Whether this very form was sent before, so that it must only be answered again."""
    return OrderKey.objects.filter(caller=order.caller, key=order.order_key).exists()


def already_done_words(revocation: Revocation, *, reader: User) -> str:
    """What a click says that found its work done: by whom, when, and that nothing happened twice."""
    who = _("You") if revocation.initiator_user_id == reader.pk else initiator_words(revocation)
    return _("Already done: %(who)s ended this access at %(when)s UTC. Nothing was ended twice.") % {
        "who": who,
        "when": moment_words(revocation.decided_at),
    }
