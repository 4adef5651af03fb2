"""Who is a member of what, as a directory says it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from sessions_app.changes.errors import ValuesRefused
from sessions_app.changes.texts import shown
from sessions_app.models import Group, Membership, User

LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class MembershipChange:
    """Names of groups, sorted."""

    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.joined or self.left)


def by_whole_list(user: User, names: Collection[str], *, as_of: datetime) -> set[str] | None:
    """The groups the person is in by a list of all of them; None where a newer one was applied already.

    In a group whose own list of members is newer they stay or stay out. Expects the person's lock.
    """
    if _knows_newer(user, as_of):
        return None
    user.groups_as_of = as_of
    user.save(update_fields=["groups_as_of"])
    current = _groups_of(user)
    listed_since = _listed_since(as_of, current ^ set(names))
    return (set(names) - listed_since) | (current & listed_since)


def by_single_groups(
    user: User, *, joined: Collection[str], left: Collection[str], as_of: datetime
) -> set[str] | None:
    """The same from somebody who knows of these groups only."""
    if _knows_newer(user, as_of) or _listed_since(as_of, {*joined, *left}):
        return None
    return (_groups_of(user) - set(left)) | set(joined)


def note_members_listed(name: str, *, as_of: datetime) -> Group | None:
    """Before a list of a group's members is applied, person by person: the group, made where nobody knew it.

    None where a newer list was applied already. Raises ValuesRefused for a name that cannot be one.
    """
    refuse_unreadable([name])
    with transaction.atomic():
        Group.objects.get_or_create(name=name)
        group = Group.objects.select_for_update().get(name=name)
        if group.members_as_of is not None and as_of < group.members_as_of:
            return None
        group.members_as_of = as_of
        group.save(update_fields=["members_as_of"])
    return group


def _knows_newer(user: User, as_of: datetime) -> bool:
    return user.groups_as_of is not None and as_of < user.groups_as_of


def _listed_since(as_of: datetime, names: Collection[str]) -> set[str]:
    return set(Group.objects.filter(name__in=names, members_as_of__gt=as_of).values_list("name", flat=True))


def refuse_unreadable(names: Collection[str]) -> None:
    if any(not name or shown(name, limit=LONGEST_NAME) != name for name in names):
        raise ValuesRefused(("groups", _("A group's name has 1 to 200 visible characters.")))


def join_exactly(user: User, names: Collection[str]) -> MembershipChange:
    """Make these the person's groups, and no others; a group nobody knew is made. Expects a transaction.

    The caller writes the audit entry. Raises ValuesRefused for a name that could not be read by anybody.
    """
    refuse_unreadable(names)
    wanted = set(names)
    current = _groups_of(user)
    change = MembershipChange(joined=tuple(sorted(wanted - current)), left=tuple(sorted(current - wanted)))
    user.memberships.filter(group__name__in=change.left).delete()
    Membership.objects.bulk_create(Membership(user=user, group=group) for group in _groups(change.joined))
    return change


def _groups_of(user: User) -> set[str]:
    return set(user.memberships.values_list("group__name", flat=True))


def _groups(names: Collection[str]) -> list[Group]:
    Group.objects.bulk_create([Group(name=name) for name in names], ignore_conflicts=True)
    return list(Group.objects.filter(name__in=names))
