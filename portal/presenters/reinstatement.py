"""Allowing somebody to sign in again: the question, and what is true afterwards."""

from __future__ import annotations

from datetime import UTC

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.presenters.words import first_name_of, name_of
from sessions_app.changes.reinstate import Reinstatement
from sessions_app.models import User


class ReinstateDialog:
    """What the dialog says about one person."""

    def __init__(self, person: User, reader: User) -> None:
        self.person = person
        self.reader = reader

    @property
    def url(self) -> str:
        return reverse("allow_sign_in", args=[self.person.pk])

    @property
    def person_url(self) -> str:
        return reverse("person", args=[self.person.pk])

    @property
    def title(self) -> str:
        return _("Let %s sign in again?") % name_of(self.person)

    @property
    def lead(self) -> str:
        sentence = _("%s can sign in afresh. Every session and token that was ended stays dead.")
        return sentence % first_name_of(self.person)

    @property
    def recorded_as(self) -> str:
        roles = ", ".join(sorted(str(role.label) for role in self.reader.roles))
        return _("Recorded as %(name)s, %(roles)s") % {"name": name_of(self.reader), "roles": roles}


def reinstated_words(person: User, done: Reinstatement) -> str:
    """From which second a new sign-in counts, or that the block still stands for now."""
    if not done.is_published:
        sentence = _(
            "Decided, but the blacklist does not answer: %s stays blocked until the clock gets through."
        )
        return sentence % name_of(person)
    latest = max(done.works_from.values(), default=done.at).astimezone(UTC)
    return _("%(name)s can sign in again: new sign-ins count from %(at)s UTC. Old tokens stay dead.") % {
        "name": name_of(person),
        "at": f"{latest:%H:%M:%S}",
    }
