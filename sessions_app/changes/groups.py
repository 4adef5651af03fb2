"""Who is a member of what, as a directory says it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

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


def join_exactly(user: User, names: Collection[str]) -> MembershipChange:
    """Make these the person's groups, and no others; a group nobody knew is made. Expects a transaction.

    The caller writes the audit entry. Raises ValuesRefused for a name that could not be read by anybody.
    """
    if any(not name or shown(name, limit=LONGEST_NAME) != name for name in names):
        raise ValuesRefused(("groups", _("A group's name has 1 to 200 visible characters.")))
    wanted = set(names)
    current = set(user.memberships.values_list("group__name", flat=True))
    change = MembershipChange(joined=tuple(sorted(wanted - current)), left=tuple(sorted(current - wanted)))
    user.memberships.filter(group__name__in=change.left).delete()
    Membership.objects.bulk_create(Membership(user=user, group=group) for group in _groups(change.joined))
    return change


def _groups(names: Collection[str]) -> list[Group]:
    Group.objects.bulk_create([Group(name=name) for name in names], ignore_conflicts=True)
    return list(Group.objects.filter(name__in=names))
