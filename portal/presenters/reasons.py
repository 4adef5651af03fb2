"""Reasons as somebody chooses them: what each does, and who may use the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.presenters.words import name_of
from sessions_app.changes.explanations import TOLD
from sessions_app.models import Role, RoleGrant, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.reasons import OTHER_NEEDS_CHARACTERS, RULES, usable_by

BLOCKS = gettext_lazy("Blocks sign-in.")
STAYS_OPEN = gettext_lazy("Sign-in stays open.")
ASKS_FOR_PROOF = gettext_lazy("A second factor is needed next.")
TELLS_AT_SIGN_IN = gettext_lazy("They are told at their next sign-in here.")
NAMED_AT_MOST = 2


@dataclass(frozen=True, kw_only=True)
class ReasonChoice:
    """A radio row."""

    value: str
    name: str
    effect: str
    checked: bool = False


@dataclass(frozen=True, kw_only=True)
class LockedReason:
    """A row with a padlock: who may use it."""

    name: str
    who: str


def effect_of(reason: Reason) -> str:
    """What ending a whole person's access for this reason does."""
    rule = RULES[reason]
    sentences = [str(BLOCKS if rule.blocks_sign_in else STAYS_OPEN)]
    if rule.second_factor_next:
        sentences.append(str(ASKS_FOR_PROOF))
    if reason in TOLD:
        sentences.append(str(TELLS_AT_SIGN_IN))
    if reason == Reason.OTHER:
        sentences.append(_("Needs a note of at least %d characters.") % OTHER_NEEDS_CHARACTERS)
    return " ".join(sentences)


def choices_for(roles: frozenset[Role], *, chosen: str = "") -> list[ReasonChoice]:
    """The reasons somebody with these roles may give, with their effects; the only one is chosen already."""
    usable = usable_by(roles)
    return [
        ReasonChoice(
            value=reason.value,
            name=str(reason.label),
            effect=effect_of(reason),
            checked=reason.value == chosen or len(usable) == 1,
        )
        for reason in usable
    ]


def single_session_choices(roles: frozenset[Role], *, chosen: str = "") -> list[ReasonChoice]:
    """The same with what a reason does to single sessions: it ends them, and nothing else."""
    return [
        ReasonChoice(value=each.value, name=each.name, effect=str(STAYS_OPEN), checked=each.checked)
        for each in choices_for(roles, chosen=chosen)
    ]


def locked_for(roles: frozenset[Role]) -> list[LockedReason]:
    """Reasons of other roles. Empty for somebody with only one reason: there is nothing to pick from."""
    usable = usable_by(roles)
    if len(usable) == 1:
        return []
    others = [reason for reason, rule in RULES.items() if rule.roles and reason not in usable]
    return [LockedReason(name=str(reason.label), who=only(RULES[reason].roles)) for reason in others]


def only(roles: Collection[Role]) -> str:
    """'Only Security. Ask Sam Okoro.'"""
    labels = ", ".join(str(role.label) for role in Role if role in roles)
    names = holders_of(roles)
    sentence = _("Only %s.") % labels
    return f"{sentence} {ask(names)}" if names else sentence


def ask(names: list[str]) -> str:
    return _("Ask %s.") % _(" or ").join(names)


def holders_of(roles: Collection[Role], *, but: User | None = None) -> list[str]:
    """Two people who hold one of these roles now, by name: somebody to ask, and never the one it is about."""
    grants = RoleGrant.objects.active().filter(role__in=roles)
    people = User.objects.active().filter(pk__in=grants.values("user")).exclude(pk=but.pk if but else None)
    return [name_of(person) for person in people[:NAMED_AT_MOST]]
