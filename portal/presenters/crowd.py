"""Ending the access of many people at once: who they are for one reader, frozen between the question and the click."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self
from uuid import UUID

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.initiators import InitiatorKind
from portal.access import leavings_known_to, may, people_for
from portal.presenters.crowd_members import SHOWN_AT_MOST, CrowdMember, first_members, who_words
from portal.presenters.people import PeopleFilter
from portal.presenters.selection import people_words, why_words
from portal.presenters.words import name_of, sessions_words
from portal.roles import May, roles_with
from sessions_app.changes.asked_scopes import Many, as_request, scope_of
from sessions_app.changes.blast_radius import Reach, Why, why_not_alone
from sessions_app.models import Entitlement, Group, Role, Session, User
from sessions_app.models.reasons import Reason
from sessions_app.models.users import UserQuerySet
from sessions_app.revocation.orders import (
    Everyone,
    OneEntitlement,
    OneGroup,
    SeveralPeople,
    SomeSessions,
)
from sessions_app.revocation.populations import people_of
from sessions_app.revocation.reasons import RULES, usable_by

MOST_PEOPLE = 2000
KEPT_SECONDS = 30 * 60
SALT = "curfew.people.crowd"


class CrowdLost(Exception):
    """The frozen set is damaged, too old, or somebody else's."""


class CrowdTooLarge(Exception):
    """More people than one order may name one by one."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Whom somebody means, before it is known who that is. `line` is the address of a search of people."""

    ids: tuple[UUID, ...] = ()
    search: PeopleFilter | None = None
    group: str = ""
    entitlement: str = ""


def choose(reader: User, chosen: Chosen) -> Many:
    """The scope for this reader. Whoever reaches only some people ends those, by name; raises CrowdTooLarge."""
    reaches_all = reader.reaches_everybody(through=roles_with(May.TERMINATE_PEOPLE))
    application, _colon, name = chosen.entitlement.partition(":")
    whole: Many | None = None
    if chosen.group:
        whole = OneGroup(name=chosen.group)
    elif chosen.entitlement:
        whole = OneEntitlement(application_key=application, name=name)
    if whole is not None and reaches_all:
        return whole
    return SeveralPeople.of(_ids(reader, chosen, whole))


def _ids(reader: User, chosen: Chosen, whole: Many | None) -> list[UUID]:
    reached = people_for(reader, May.TERMINATE_PEOPLE).filter(erased_at=None).exclude(pk=reader.pk)
    if isinstance(whole, OneGroup | OneEntitlement):
        reached = reached.filter(pk__in=people_of(whole).values("pk"))
    elif chosen.search is not None:
        sees = may(reader, May.SEE_SESSIONS)
        found = chosen.search.apply(
            people_for(reader, May.SEE_PEOPLE), sessions_are_shown=sees, leavings=leavings_known_to(reader)
        )
        reached = reached.filter(pk__in=found.order_by().values("pk"))
    else:
        reached = reached.filter(pk__in=chosen.ids)
    ids = list(reached.order_by("pk").values_list("pk", flat=True)[: MOST_PEOPLE + 1])
    if len(ids) > MOST_PEOPLE:
        raise CrowdTooLarge
    return ids


class Crowd:
    """What the page asks for before the access of these people ends."""

    def __init__(self, reader: User, scope: Many, *, shown: str = "") -> None:
        self.reader = reader
        self._left_out, self.scope = _without_privileged(reader, scope)
        self._shown = shown

    @classmethod
    def thaw(cls, reader: User, frozen: str) -> Self:
        """What a preview froze for this reader. Raises CrowdLost, also where somebody of it is out of reach now."""
        try:
            kept = signing.loads(frozen, salt=SALT, max_age=KEPT_SECONDS)
        except signing.BadSignature as error:
            raise CrowdLost from error
        crowd = cls(reader, scope_of(kept["scope"]), shown=kept["shown"])
        if kept["reader"] != str(reader.pk) or not crowd.is_in_reach:
            raise CrowdLost
        return crowd

    def freeze(self) -> str:
        """Signed, for half an hour and this reader only."""
        kept = {"reader": str(self.reader.pk), "scope": as_request(self.scope), "shown": self.to_type}
        return signing.dumps(kept, salt=SALT, compress=True)

    @property
    def is_in_reach(self) -> bool:
        """Whether this reader may still end all of it: roles are taken back while a page stands open."""
        if isinstance(self.scope, Everyone):
            return may(self.reader, May.SIGN_OUT_EVERYONE)
        if isinstance(self.scope, SeveralPeople):
            found = people_for(self.reader, May.TERMINATE_PEOPLE).filter(pk__in=self.scope.user_ids)
            return found.count() == len(self.scope.user_ids)
        return self.reader.reaches_everybody(through=roles_with(May.TERMINATE_PEOPLE))

    # --- Who and how many ---

    @property
    def is_everyone(self) -> bool:
        return isinstance(self.scope, Everyone)

    @cached_property
    def _everybody(self) -> UserQuerySet:
        assert not isinstance(self.scope, SomeSessions)
        everybody: UserQuerySet = User.objects.filter(pk__in=people_of(self.scope).order_by().values("pk"))
        return everybody

    @cached_property
    def _privileged(self) -> set[UUID]:
        return set(User.objects.privileged().filter(pk__in=self._everybody).values_list("pk", flat=True))

    @cached_property
    def _out(self) -> set[UUID]:
        """Whom only Security ends: their access stays, and they are named."""
        return set() if Role.SECURITY in self.reader.roles else self._privileged

    @cached_property
    def count(self) -> int:
        return self._everybody.exclude(pk__in=self._out).count()

    @cached_property
    def sessions(self) -> int:
        theirs = Session.objects.filter(user__in=self._everybody.values("pk")).exclude(user__in=self._out)
        return theirs.open().count()

    @cached_property
    def members(self) -> list[CrowdMember]:
        """The first of them by name."""
        everybody = self._everybody.exclude(pk__in=self._out)
        return first_members(everybody, Session.objects.open(), privileged=self._privileged)

    @property
    def not_shown(self) -> int:
        return max(0, self.count - SHOWN_AT_MOST)

    @cached_property
    def left_out(self) -> list[str]:
        keys = self._out | self._left_out
        people = User.objects.filter(pk__in=keys).order_by("display_name")[:SHOWN_AT_MOST]
        return [name_of(user) for user in people]

    @property
    def left_out_title(self) -> str:
        """Of a group it is decided when it ends, and then whoever approves counts as well."""
        if self._out and self.why:
            return _("Left out, unless whoever approves is in Security: Admins and Security")
        return _("Left out: only Security ends the access of Admins and of Security")

    @property
    def has_reader(self) -> bool:
        return self._everybody.filter(pk=self.reader.pk).exists()

    # --- Whether one person alone may ---

    @cached_property
    def why(self) -> list[Why]:
        """Why a second person is needed; empty where none is."""
        return why_not_alone(self.reach, InitiatorKind.USER)

    @property
    def reach(self) -> Reach:
        return Reach(
            people=self.count,
            sessions=self.sessions,
            privileged=len(self._privileged - self._out),
            is_everyone=self.is_everyone,
        )

    @property
    def why_words(self) -> list[str]:
        return why_words(self.why)

    # --- Words ---

    @property
    def who(self) -> str:
        return who_words(self.scope)

    @property
    def title(self) -> str:
        numbers = {"people": people_words(self.count), "sessions": sessions_words(self.sessions)}
        if self.is_everyone:
            return _("Sign out everyone: %(people)s, %(sessions)s?") % numbers
        return _("End all access of %(people)s, %(sessions)s?") % numbers

    @property
    def lead(self) -> str:
        if self.is_everyone:
            return _(
                "Every session of everybody ends, also of people nobody here knows. Signing in again is possible after "
                "some seconds. There is no undo."
            )
        return _("All of their access ends, at every application. There is no undo.")

    @property
    def submit(self) -> str:
        if self.why:
            return _("Ask for a second person")
        return ngettext("End the access of %d person", "End the access of %d people", self.count) % self.count

    @property
    def to_type(self) -> str:
        """As the preview showed it, whoever joined since."""
        return self._shown or ("everyone" if self.is_everyone else str(self.count))

    @property
    def recorded_as(self) -> str:
        roles = ", ".join(sorted(str(role.label) for role in self.reader.roles))
        return _("Recorded as %(name)s, %(roles)s") % {"name": name_of(self.reader), "roles": roles}

    @property
    def reasons(self) -> list[Reason]:
        """What this reader may give here: nobody blocks everybody."""
        usable = usable_by(self.reader.roles)
        return [each for each in usable if not (self.is_everyone and RULES[each].blocks_sign_in)]

    @property
    def action_url(self) -> str:
        return reverse("everyone_end" if self.is_everyone else "people_many_end")

    @property
    def back_url(self) -> str:
        return reverse("sessions" if self.is_everyone else "people_many")


def _without_privileged(reader: User, scope: Many) -> tuple[set[UUID], Many]:
    """People named one by one are exactly those whom this reader may end; and who is left out for it."""
    if Role.SECURITY in reader.roles or not isinstance(scope, SeveralPeople):
        return set(), scope
    privileged = User.objects.privileged().filter(pk__in=scope.user_ids)
    out = set(privileged.values_list("pk", flat=True))
    return out, SeveralPeople.of(key for key in scope.user_ids if key not in out)


def groups_offered(reader: User) -> list[str]:
    """Groups with somebody in reach."""
    reached = people_for(reader, May.TERMINATE_PEOPLE)
    groups = Group.objects.filter(memberships__user__in=reached.values("pk")).distinct()
    return list(groups.order_by("name").values_list("name", flat=True)[:MOST_PEOPLE])


def entitlements_offered(reader: User) -> list[str]:
    """As 'wiki:edit', of groups with somebody in reach."""
    reached = people_for(reader, May.TERMINATE_PEOPLE)
    found = Entitlement.objects.filter(group__memberships__user__in=reached.values("pk"))
    rows = found.order_by("application__key", "name").values_list("application__key", "name").distinct()
    return [f"{key}:{name}" for key, name in rows[:MOST_PEOPLE]]


def is_nobody(crowd: Crowd) -> bool:
    return not crowd.is_everyone and crowd.count == 0
