"""A role change in words: the question, what came of it, and whether later tokens really say less."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.presenters.person import Refusal, refusal_to_change_role
from portal.presenters.words import clean, first_name_of, name_of
from sessions_app.changes.role_changes import RoleOutcome
from sessions_app.models import Entitlement, RoleChange, RoleChangeState, User


@dataclass(frozen=True, kw_only=True)
class GroupLine:
    """A group the person is in, with what it gives them."""

    name: str
    words: str


class RoleDialog:
    """What the dialog says about one person."""

    def __init__(self, person: User, reader: User) -> None:
        self.person = person
        self.reader = reader

    @property
    def url(self) -> str:
        return reverse("change_role", args=[self.person.pk])

    @property
    def person_url(self) -> str:
        return reverse("person", args=[self.person.pk])

    @property
    def title(self) -> str:
        return _("Change what %s may do?") % name_of(self.person)

    @property
    def lead(self) -> str:
        return _(
            "Leaving any group signs %s out everywhere, at once; the next sign-in brings fewer claims. "
            "Joining one signs nobody out."
        ) % first_name_of(self.person)

    @property
    def recorded_as(self) -> str:
        roles = ", ".join(sorted(str(role.label) for role in self.reader.roles))
        return _("Recorded as %(name)s, %(roles)s") % {"name": name_of(self.reader), "roles": roles}

    @cached_property
    def refusal(self) -> Refusal | None:
        return refusal_to_change_role(self.person, self.reader)

    @cached_property
    def groups(self) -> list[str]:
        return sorted(self.person.memberships.values_list("group__name", flat=True))

    @cached_property
    def lines(self) -> list[GroupLine]:
        gives: dict[str, list[str]] = defaultdict(list)
        for entitlement in Entitlement.objects.select_related("application", "group").filter(
            group__name__in=self.groups
        ):
            gives[entitlement.group.name].append(f"{entitlement.name} · {entitlement.application.name}")
        return [GroupLine(name=name, words=_line(name, gives[name])) for name in self.groups]


def _line(name: str, gives: list[str]) -> str:
    return f"{clean(name)} ({', '.join(map(clean, gives))})" if gives else clean(name)


def changed_words(person: User, outcome: RoleOutcome) -> str:
    """After a change that signed nobody out."""
    if outcome.is_outdated:
        return _("Newer news about %s was applied already; nothing was changed.") % name_of(person)
    if outcome.change is None:
        return _("Nothing is different.")
    if outcome.change.lost:
        return _(
            "Changed. Only Security ends the tokens of %s; what was lost is refused from now on."
        ) % name_of(person)
    return _("Changed. %s stays signed in.") % name_of(person)


@dataclass(frozen=True, kw_only=True)
class RoleFacts:
    """What the receipt says of a role change. `kind` is a key of `portal.states`."""

    lost: str
    kept: str
    gained: str
    kind: str
    outcome: str


def role_facts(change: RoleChange | None) -> RoleFacts | None:
    """None for a revocation that was no role change."""
    if change is None:
        return None
    kind, words = _OUTCOMES[RoleChangeState(change.state)]
    outcome = str(words)
    if change.checked_at is not None and change.checked_issuer is not None:
        outcome = f"{outcome} {change.checked_at:%H:%M:%S} UTC, {clean(change.checked_issuer.name)}"
    return RoleFacts(
        lost=_names(change.lost),
        kept=_names(change.kept),
        gained=_names(change.gained),
        kind=kind,
        outcome=outcome,
    )


_OUTCOMES: dict[RoleChangeState, tuple[str, Promise]] = {
    RoleChangeState.NOT_NEEDED: ("nothing", gettext_lazy("Nothing was lost.")),
    RoleChangeState.WAITING: ("waiting", gettext_lazy("Not signed in again yet.")),
    RoleChangeState.CONFIRMED: ("confirmed", gettext_lazy("The new token really says less:")),
    RoleChangeState.NOT_REDUCED: (
        "stuck",
        gettext_lazy("The new token still claims what was lost, and is refused:"),
    ),
    RoleChangeState.NOT_SIGNED_IN: ("waiting", gettext_lazy("Not signed in again within a day.")),
    RoleChangeState.NOT_CHECKABLE: (
        "waiting",
        gettext_lazy("Cannot be checked: this issuer's tokens name no groups or roles."),
    ),
    RoleChangeState.SUPERSEDED: ("nothing", gettext_lazy("Followed by a later change.")),
}


OUTCOME_WORDS = {state: words for state, (_kind, words) in _OUTCOMES.items()}


def _names(rows: list[dict[str, str]]) -> str:
    return ", ".join(clean(row.get("group") or f"{row['role']} · {row['application']}") for row in rows)
