"""Projects as IT, Security and their managers keep them: made, and changed in all but their end and their key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Initiator, acting
from audit.record import Target, record
from sessions_app.changes.blast_radius import Reach
from sessions_app.changes.configuration import Problems
from sessions_app.changes.errors import KeyTaken, ProjectOver, ValuesRefused
from sessions_app.changes.groups import refuse_unreadable
from sessions_app.changes.project_end_dates import end_problems
from sessions_app.changes.project_groups import GroupsChange, set_groups
from sessions_app.changes.texts import shown
from sessions_app.changes.zones import is_zone
from sessions_app.models import Project, Role, User
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import cut_off

KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
RESERVED = frozenset({"new"})  # /projects/new/ is the form that makes one
LONGEST_NAME = 200
UNFIT = _("%(name)s does not hold the role Project manager. An Admin grants it.")
MOST_DEPUTIES = 20
MOST_GROUPS = 20


@dataclass(frozen=True, kw_only=True)
class ProjectFacts:
    """What a project is. `manager` and `groups` None leave those as they are: not everybody may say them."""

    name: str
    time_zone: str
    deputies: tuple[User, ...] = ()
    starts_at: datetime | None = None
    manager: User | None = None
    groups: tuple[str, ...] | None = None


def create_project(key: str, facts: ProjectFacts, *, ends_at: datetime, by: Initiator) -> Project:
    """Make a project, with an entry for it and one for everybody who may speak for it from now on.

    A group nobody knew is made. Who may do this is the door's to check. Raises ValuesRefused or KeyTaken, having
    stored nothing.
    """
    problems = [*_key_problems(key), *_fact_problems(facts, new=_people(facts)), *end_problems(ends_at)]
    if facts.manager is None:
        problems.append(("manager", _("Name who manages it.")))
    _refuse([*problems, *_start_problems(facts.starts_at, ends_at=ends_at)])
    try:
        with transaction.atomic(), acting(by):
            project = Project.objects.create(
                key=key,
                name=facts.name,
                manager=facts.manager,
                starts_at=facts.starts_at,
                ends_at=ends_at,
                agreed_ends_at=ends_at,
                time_zone=facts.time_zone,
            )
            _record(Events.PROJECT_CREATED, project, by=by, ends_at=ends_at)
            _name_manager(project, facts.manager, by=by)
            _set_deputies(project, facts.deputies, by=by)
            set_groups(project, facts.groups or (), by=by)
    except IntegrityError as error:
        raise KeyTaken from error
    return project


def change_project(
    project: Project, facts: ProjectFacts, *, by: Initiator, seen: Reach | None = None
) -> Project:
    """Make these its facts; nothing is written where nothing is different. Its key and its end stay.

    1. Lock it: what has ended is not changed any more.
    2. In one transaction: the row, its deputies and groups, and the entries that say what became different; whoever
       loses the project with a group is removed from it (`set_groups`). `seen` is how many that was said to be.
    3. Cut off the tokens of those; the clock goes on where the blacklist does not answer.

    Whoever managed it before and still does need not fit any more, so that a project whose manager has left can be
    renamed. Raises ProjectOver, ValuesRefused, or what `set_groups` does, having stored nothing.
    """
    change = GroupsChange(has_changed=False)
    with transaction.atomic(), acting(by):
        locked = Project.objects.select_for_update().get(pk=project.pk)
        if locked.ended_at is not None:
            raise ProjectOver
        deputies = set(locked.deputies.all())
        _refuse(_change_problems(locked, facts, deputies=deputies))
        what = _apply(locked, facts)
        if _set_deputies(locked, facts.deputies, by=by):
            what.append("deputies")
        if facts.groups is not None:
            change = set_groups(locked, facts.groups, by=by, seen=seen)
        if change.has_changed:
            what.append("groups")
        if what:
            locked.save()
            _record(Events.PROJECT_CHANGED, locked, by=by, what=what)
        if "manager" in what:
            _name_manager(locked, facts.manager, by=by)
    if change.revocation is not None:
        cut_off(change.revocation, by=by)
    return locked


# --- What is wrong with it -----------------------------------------------------------------------------


def _key_problems(key: str) -> Problems:
    if key in RESERVED:
        return [("key", _("This word stands for something else in addresses."))]
    if KEY.fullmatch(key):
        return []
    sentence = _("A key has at most 64 lower-case letters, digits and hyphens, such as phoenix-2027.")
    return [("key", sentence)]


def _fact_problems(facts: ProjectFacts, *, new: Collection[User]) -> Problems:
    problems: Problems = []
    if not facts.name or shown(facts.name, limit=LONGEST_NAME) != facts.name:
        problems.append(("name", _("A name has 1 to 200 visible characters.")))
    if not is_zone(facts.time_zone):
        problems.append(("time_zone", _("No time zone of this name is known, such as Europe/Madrid.")))
    if len(facts.deputies) > MOST_DEPUTIES:
        problems.append(("deputies", _("At most 20 people deputise.")))
    if facts.manager is not None and facts.manager in facts.deputies:
        problems.append(("deputies", _("Its manager needs no deputy of the same name.")))
    return [*problems, *_group_problems(facts.groups or ()), *_people_problems(facts, new)]


def _group_problems(names: Collection[str]) -> Problems:
    if len(names) > MOST_GROUPS:
        return [("groups", _("At most 20 groups make up a project."))]
    try:
        refuse_unreadable(names)
    except ValuesRefused as refusal:
        return list(refusal.problems)
    return []


def _people_problems(facts: ProjectFacts, new: Collection[User]) -> Problems:
    """Being named gives nothing to somebody without the role, so it would only look as if somebody were in charge."""
    fields = dict.fromkeys(facts.deputies, "deputies")
    if facts.manager is not None:
        fields[facts.manager] = "manager"
    return [
        (
            fields[user],
            _("%(name)s does not hold the role Project manager. An Admin grants it.") % {"name": _name(user)},
        )
        for user in new
        if not user.is_active or Role.PROJECT_MANAGER not in user.lasting_roles
    ]


def _change_problems(locked: Project, facts: ProjectFacts, *, deputies: Collection[User]) -> Problems:
    new = [user for user in _people(facts) if user.pk != locked.manager_id and user not in deputies]
    problems = [*_fact_problems(facts, new=new), *_start_problems(facts.starts_at, ends_at=locked.ends_at)]
    if facts.manager is None and locked.manager in facts.deputies:
        problems.append(("deputies", _("Its manager needs no deputy of the same name.")))
    now = database_now()
    has_begun = locked.starts_at is None or locked.starts_at <= now
    if has_begun and facts.starts_at is not None and facts.starts_at > now:
        problems.append(("starts_on", _("It has begun, so it cannot begin in the future.")))
    return problems


def _start_problems(starts_at: datetime | None, *, ends_at: datetime) -> Problems:
    if starts_at is not None and starts_at >= ends_at:
        return [("starts_on", _("It would end before it begins."))]
    return []


def _refuse(problems: Problems) -> None:
    if problems:
        raise ValuesRefused(*problems)


# --- Making it so --------------------------------------------------------------------------------------


def _apply(project: Project, facts: ProjectFacts) -> list[str]:
    """Sets the plain fields; returns which became different."""
    said: dict[str, object] = {"name": facts.name, "time_zone": facts.time_zone, "starts_at": facts.starts_at}
    if facts.manager is not None:
        said["manager"] = facts.manager
    what = [name for name, value in said.items() if getattr(project, name) != value]
    for name in what:
        setattr(project, name, said[name])
    return what


def _set_deputies(project: Project, deputies: Iterable[User], *, by: Initiator) -> bool:
    before, wanted = set(project.deputies.all()), set(deputies)
    project.deputies.set(wanted)
    for user in sorted(wanted - before, key=_name):
        _record_person(Events.DEPUTY_NAMED, project, user, by=by)
    for user in sorted(before - wanted, key=_name):
        _record_person(Events.DEPUTY_RELIEVED, project, user, by=by)
    return before != wanted


def _name_manager(project: Project, manager: User | None, *, by: Initiator) -> None:
    if manager is not None:
        _record_person(Events.MANAGER_NAMED, project, manager, by=by)


def _people(facts: ProjectFacts) -> list[User]:
    return [*facts.deputies, *([facts.manager] if facts.manager is not None else [])]


def _name(user: User) -> str:
    return shown(user.display_name, limit=LONGEST_NAME)


def _record(event: EventKind, project: Project, *, by: Initiator, **details: object) -> None:
    record(
        event,
        initiator=by,
        target=Target.of(project, label=project.name),
        project=project.key,
        details=details,
    )


def _record_person(event: EventKind, project: Project, user: User, *, by: Initiator) -> None:
    record(event, initiator=by, target=Target.of(user, label=user.display_name), project=project.key)
