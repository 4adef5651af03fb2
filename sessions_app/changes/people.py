"""Keeping what a directory says about people. It can create people, never grant a Role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Initiator, InitiatorKind
from audit.record import Target, record
from sessions_app.changes.errors import (
    ChangeRefused,
    IdentityTaken,
    ManagerUnknown,
    PeopleRefused,
    UsernameTaken,
    ValuesRefused,
)
from sessions_app.changes.facts import NOTHING, PersonFacts
from sessions_app.changes.groups import MembershipChange, by_whole_list, join_exactly
from sessions_app.changes.identities import make_links_count, record_taken, write_link
from sessions_app.changes.naming import find_realm
from sessions_app.changes.role_changes import Wish, carry_out, decide_role_change
from sessions_app.changes.texts import is_identifier, shown
from sessions_app.models import RoleChange, User
from sessions_app.models.moments import database_now
from sessions_app.revocation.claims import claims_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TEXTS = (
    "username",
    "display_name",
    "email",
    "employee_number",
    "job_title",
    "department",
    "legal_entity",
    "country",
)


class Rehearsal(Enum):
    """Whether to keep a change. `ONLY_LOOK` meets the same outcomes and the same errors and keeps nothing."""

    NO = "keep"
    ONLY_LOOK = "only look"


class Kept(Enum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True)
class PersonOutcome:
    """What became of the person, and the names of what is different now."""

    user: User
    kept: Kept
    changed: tuple[str, ...] = ()
    groups: MembershipChange = field(default_factory=MembershipChange)
    role_change: RoleChange | None = None


def keep_person(facts: PersonFacts, *, by: Initiator, rehearsal: Rehearsal = Rehearsal.NO) -> PersonOutcome:
    """Create the person with this external id, or bring them up to these facts; repeating changes nothing.

    1. Lock the person, keep fields, groups, identities and manager, and write the audit entry if anything
       is different, in one transaction.
    2. Where groups were left, end the person's tokens (`role_changed`), decided in the same transaction.
    3. Publish what a newly linked identity inherits (`link_identity`).

    Raises the child of ChangeRefused that fits, having stored nothing but the refusal of an identity.
    Raises BlacklistUnavailable when step 3 fails: everything is kept then, and the clock publishes.
    """
    try:
        (outcome,) = keep_people([facts], by=by, rehearsal=rehearsal)
    except PeopleRefused as refused:
        raise refused.problems[0] from refused
    return outcome


def keep_people(
    people: Sequence[PersonFacts], *, by: Initiator, rehearsal: Rehearsal = Rehearsal.NO
) -> list[PersonOutcome]:
    """The same for many: all or nobody, in one transaction. A manager may stand anywhere among them.

    Raises PeopleRefused, which holds the refusal of every person that has one.
    """
    try:
        outcomes, problems = _keep_or_look(people, by=by, rehearsal=rehearsal)
    except IntegrityError:
        # Somebody else brought in the same person, group or identity meanwhile: now it is found.
        outcomes, problems = _keep_or_look(people, by=by, rehearsal=rehearsal)
    if problems and rehearsal is Rehearsal.NO:
        _record_taken(people, problems, by=by)
    if problems:
        raise PeopleRefused(problems)
    if rehearsal is Rehearsal.NO:
        for outcome in outcomes:
            if outcome.role_change is not None:
                carry_out(outcome.role_change, by=by)
            make_links_count(outcome.user)
    return outcomes


Problems = dict[int, ChangeRefused]


def _keep_or_look(
    people: Sequence[PersonFacts], *, by: Initiator, rehearsal: Rehearsal
) -> tuple[list[PersonOutcome], Problems]:
    with transaction.atomic():
        outcomes, problems = _keep_all(people, by=by)
        if problems or rehearsal is Rehearsal.ONLY_LOOK:
            transaction.set_rollback(True)
    return outcomes, problems


def _keep_all(people: Sequence[PersonFacts], *, by: Initiator) -> tuple[list[PersonOutcome], Problems]:
    """Everybody first without managers, so that a manager further down is known when the reports are."""
    problems: Problems = {}
    outcomes: dict[int, PersonOutcome] = {}
    for position, facts in enumerate(people):
        try:
            with transaction.atomic():
                outcomes[position] = _keep_without_manager(facts, by=by)
        except ChangeRefused as refusal:
            problems[position] = refusal
    for position, outcome in outcomes.items():
        try:
            outcomes[position] = _with_manager(outcome, people[position])
            _record(outcomes[position], by=by)
        except ChangeRefused as refusal:
            problems[position] = refusal
    return list(outcomes.values()), problems


def _keep_without_manager(facts: PersonFacts, *, by: Initiator) -> PersonOutcome:
    found = _find(facts, by=by)
    user = found or _newcomer(facts)
    changed = _take_values(user, facts)
    if changed:
        _check(user)
        user.save()
    groups, role_change = MembershipChange(), None
    if facts.groups is not None:
        before = claims_of(user)
        wish = Wish(received_at=database_now())
        names = by_whole_list(user, facts.groups, as_of=wish.news_of)
        if names is not None:
            groups = join_exactly(user, names)
        if found is not None and groups:
            role_change = decide_role_change(user, before, groups, by=by, wish=wish)
    linked = _link(user, facts, by=by)
    changed += (["groups"] if groups else []) + (["identities"] if linked else [])
    kept = Kept.CREATED if found is None else Kept.CHANGED if changed else Kept.UNCHANGED
    return PersonOutcome(user=user, kept=kept, changed=tuple(changed), groups=groups, role_change=role_change)


def _find(facts: PersonFacts, *, by: Initiator) -> User | None:
    """The person, locked.

    Somebody made at the shell has no external id; only the shell may say who that is in the directory.
    """
    people = User.objects.select_for_update()
    found: User | None = people.filter(external_id=facts.external_id).first()
    if found is None and by.kind == InitiatorKind.SHELL:
        found = people.filter(external_id=None, username=facts.username or facts.external_id).first()
    return found


def _newcomer(facts: PersonFacts) -> User:
    """Not stored yet. Without a user name of their own, the external id is one."""
    newcomer = User(username=facts.username or facts.external_id)
    newcomer.set_unusable_password()
    return newcomer


def _take_values(user: User, facts: PersonFacts) -> list[str]:
    wanted: dict[str, object] = {
        name: getattr(facts, name) for name in TEXTS if getattr(facts, name) is not None
    }
    wanted["external_id"] = facts.external_id
    if facts.last_day is not None:
        wanted["last_day"] = None if facts.last_day is NOTHING else facts.last_day
    changed = [name for name, value in wanted.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, wanted[name])
    return changed


def _check(user: User) -> None:
    """Raises ValuesRefused or UsernameTaken."""
    hidden = [name for name in TEXTS if shown(getattr(user, name), limit=1000) != getattr(user, name)]
    problems: list[tuple[str, StrOrPromise]] = [
        (name, _("This text contains characters nobody can see.")) for name in hidden
    ]
    if (
        not is_identifier(user.external_id or "")
        or shown(user.external_id or "", limit=1000) != user.external_id
    ):
        problems.append(("external_id", _("An id has visible characters only.")))
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        problems += [(name, " ".join(sentences)) for name, sentences in error.message_dict.items()]
    if problems:
        raise ValuesRefused(*problems)
    # Whoever types a name at sign-in does not mind its case, so two of a kind would be one.
    if User.objects.filter(username__iexact=user.username).exclude(pk=user.pk).exists():
        raise UsernameTaken


def _link(user: User, facts: PersonFacts, *, by: Initiator) -> bool:
    """Whether any identity is new."""
    before = user.identities.count()
    for identity in facts.identities:
        write_link(user, find_realm(identity.place), identity.person_id, by=by)
    return user.identities.count() > before


def _with_manager(outcome: PersonOutcome, facts: PersonFacts) -> PersonOutcome:
    user = outcome.user
    if facts.manager_external_id is None:
        return outcome
    manager = None
    if facts.manager_external_id:
        manager = User.objects.filter(external_id=facts.manager_external_id).exclude(pk=user.pk).first()
        if manager is None:
            raise ManagerUnknown
    if user.manager_id == (manager.pk if manager else None):
        return outcome
    user.manager = manager
    user.save(update_fields=["manager"])
    kept = Kept.CHANGED if outcome.kept is Kept.UNCHANGED else outcome.kept
    return replace(outcome, kept=kept, changed=(*outcome.changed, "manager"))


def _record(outcome: PersonOutcome, *, by: Initiator) -> None:
    """Which fields changed, not from what to what: those are personal values."""
    if outcome.kept is Kept.UNCHANGED:
        return
    record(
        Events.PERSON_IMPORTED if outcome.kept is Kept.CREATED else Events.PERSON_CHANGED,
        initiator=by,
        target=Target.of(outcome.user, label=outcome.user.display_name),
        details={
            "fields": list(outcome.changed),
            "joined": list(outcome.groups.joined),
            "left": list(outcome.groups.left),
        },
    )


def _record_taken(people: Sequence[PersonFacts], problems: Problems, *, by: Initiator) -> None:
    for position, refusal in problems.items():
        if isinstance(refusal, IdentityTaken):
            external_id = people[position].external_id
            offered_for = User.objects.filter(external_id=external_id).first()
            target = Target.of(offered_for, label=offered_for.display_name) if offered_for else None
            record_taken(target or Target(kind="newcomer", id="-", label=external_id), refusal, by=by)
