"""The list of people: search, filters, one row per person, and the one thing to do about each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import may, people_for, revocations_for, sessions_for
from portal.presenters.filters import AddressFilter, Chosen, Offer, offer
from portal.presenters.standing import (
    FILTERS,
    SAID_BY_SESSIONS,
    Standing,
    StandingWords,
    latest_revocations,
    standing_at,
    standing_of,
    standing_words,
)
from portal.presenters.words import clean, is_today, last_day_words, name_of
from portal.roles import May
from sessions_app.models import Group, Revocation, Role, RoleGrant, User
from sessions_app.models.roles import PRIVILEGED
from sessions_app.models.users import UserQuerySet

ROWS = 50
OFFERED_AT_MOST = 40

ORDERS = {
    "name": ("display_name", "id"),
    "-name": ("-display_name", "-id"),
    "last_day": (F("last_day").asc(nulls_last=True), "display_name", "id"),
    "-last_day": (F("last_day").desc(nulls_last=True), "display_name", "id"),
}


@dataclass(frozen=True, kw_only=True)
class PeopleFilter(AddressFilter):
    """What the address of the list says."""

    state: str = ""
    department: str = ""
    company: str = ""
    group: str = ""
    leaving: str = ""
    sort: str = ""

    @property
    def order(self) -> str:
        return self.sort if self.sort in ORDERS else "name"

    def apply(self, people: UserQuerySet, *, sessions_are_shown: bool) -> UserQuerySet:
        """The people this address asks for. What the reader may not know cannot be filtered by."""
        exact = {"department": self.department, "legal_entity": self.company, "memberships__group__name": self.group}
        people = people.matching(self.q).filter(**{name: value for name, value in exact.items() if value})
        if self.leaving:
            people = people.filter(last_day__isnull=False)
        standing = self.standing(sessions_are_shown=sessions_are_shown)
        return standing_at(people, standing) if standing else people

    def standing(self, *, sessions_are_shown: bool) -> Standing | None:
        known = [each for each in FILTERS if sessions_are_shown or each not in SAID_BY_SESSIONS]
        return next((each for each in known if each.value == self.state), None)


# --- Rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Action:
    """The one button of a row. `opens_dialog` puts the answer into the page's dialog."""

    words: str
    url: str
    opens_dialog: bool = False


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    url: str
    name: str
    email: str
    department: str
    standing: StandingWords
    live: int | None
    last_used_at: datetime | None
    last_day: str
    leaves_today: bool
    action: Action | None
    is_reader: bool

    @property
    def is_pending(self) -> bool:
        return self.standing.standing is Standing.NOT_YET

    @property
    def is_ended(self) -> bool:
        return self.standing.standing is Standing.CUT_OFF


@dataclass(frozen=True, kw_only=True)
class _Use:
    """What one page's people have open, and when they last used anything."""

    live: int = 0
    last_used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Known:
    """Everything the rows of one page need, fetched once for all of them."""

    reader: User
    shown: frozenset[UUID]
    uses: dict[UUID, _Use]
    latest: dict[UUID, Revocation]
    readable: frozenset[UUID]
    endable: frozenset[UUID]

    def live(self, person: User) -> int | None:
        return self.uses.get(person.pk, _Use()).live if person.pk in self.shown else None


def _known_about(people: Sequence[User], reader: User) -> _Known:
    latest = latest_revocations(people)
    receipts = revocations_for(reader).filter(pk__in=[revocation.pk for revocation in latest.values()])
    return _Known(
        reader=reader,
        shown=_reached(people, reader, May.SEE_SESSIONS),
        uses=_uses_of(people, reader),
        latest=latest,
        readable=frozenset(receipts.values_list("pk", flat=True)),
        endable=_reached(people, reader, May.TERMINATE_PEOPLE) - _out_of_reach(people, reader),
    )


def _reached(people: Sequence[User], reader: User, what: May) -> frozenset[UUID]:
    if not may(reader, what):
        return frozenset()
    return frozenset(people_for(reader, what).filter(pk__in=[each.pk for each in people]).values_list("pk", flat=True))


def _out_of_reach(people: Sequence[User], reader: User) -> frozenset[UUID]:
    """Privileged people, whom only Security ends."""
    if Role.SECURITY in reader.roles:
        return frozenset()
    grants = RoleGrant.objects.active().filter(user__in=people, role__in=PRIVILEGED)
    return frozenset(grants.values_list("user_id", flat=True))


def _uses_of(people: Collection[User], reader: User) -> dict[UUID, _Use]:
    if not may(reader, May.SEE_SESSIONS):
        return {}
    is_open = Q(ended_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))
    sessions = sessions_for(reader, May.SEE_SESSIONS).filter(user__in=people).order_by()
    counted = sessions.values("user").annotate(live=Count("pk", filter=is_open), used=Max("last_used_at"))
    return {each["user"]: _Use(live=each["live"], last_used_at=each["used"]) for each in counted}


def _row(person: User, known: _Known) -> PersonRow:
    latest = known.latest.get(person.pk)
    live = known.live(person)
    standing = standing_of(person, live=live, latest=latest)
    return PersonRow(
        url=reverse("person", args=[person.pk]),
        name=name_of(person),
        email=clean(person.email),
        department=clean(person.department),
        standing=standing_words(standing, latest),
        live=live,
        last_used_at=known.uses.get(person.pk, _Use()).last_used_at,
        last_day=last_day_words(person.last_day),
        leaves_today=is_today(person.last_day),
        action=_action(person, standing, latest, known),
        is_reader=person.pk == known.reader.pk,
    )


def _action(person: User, standing: Standing, latest: Revocation | None, known: _Known) -> Action | None:
    if person.pk == known.reader.pk:
        return Action(words=_("My sessions"), url="/me/")
    if standing in {Standing.NOT_YET, Standing.CUT_OFF} and latest is not None:
        if latest.pk not in known.readable:
            return None
        return Action(words=_("Open receipt"), url=reverse("receipt", args=[latest.receipt]))
    if person.pk not in known.endable:
        return None
    return Action(words=_("Terminate now"), url=reverse("terminate", args=[person.pk]), opens_dialog=True)


# --- The page -------------------------------------------------------------------------------------


class PeoplePage:
    """One page of the list for one reader."""

    def __init__(self, reader: User, chosen: PeopleFilter) -> None:
        self.reader = reader
        self.chosen = chosen
        self.sessions_are_shown = may(reader, May.SEE_SESSIONS)
        self._everybody = people_for(reader, May.SEE_PEOPLE)

    @cached_property
    def page(self) -> Page[User]:
        found = self.chosen.apply(self._everybody, sessions_are_shown=self.sessions_are_shown)
        return Paginator(found.order_by(*ORDERS[self.chosen.order]), ROWS).get_page(self.chosen.page)

    @cached_property
    def rows(self) -> list[PersonRow]:
        people = list(self.page.object_list)
        known = _known_about(people, self.reader)
        return [_row(person, known) for person in people]

    @property
    def found_words(self) -> str:
        count = self.page.paginator.count
        return ngettext("%(count)d person found", "%(count)d people found", count) % {"count": count}

    @cached_property
    def line(self) -> str:
        """'212 people, 1,284 live sessions.' of everybody the reader reaches, whatever the filters say."""
        count = self._everybody.count()
        people = ngettext("%(count)s person", "%(count)s people", count) % {"count": f"{count:,}"}
        if not self.sessions_are_shown:
            return f"{people}."
        live = sessions_for(self.reader, May.SEE_SESSIONS).open().count()
        sessions = ngettext("%(count)s live session", "%(count)s live sessions", live) % {"count": f"{live:,}"}
        return f"{people}, {sessions}."

    @property
    def query(self) -> str:
        return self.chosen.query()

    def sort_address(self, column: str) -> str:
        turned = f"-{column}" if self.chosen.order == column else column
        return self.chosen.address(sort="" if turned == "name" else turned)

    def direction(self, column: str) -> str:
        return {column: "ascending", f"-{column}": "descending"}.get(self.chosen.order, "")

    @property
    def heads(self) -> dict[str, tuple[str, str]]:
        """Address and direction of each column that sorts."""
        return {column: (self.sort_address(column), self.direction(column)) for column in ("name", "last_day")}

    @property
    def chips_on(self) -> list[Chosen]:
        return list(_chips_on(self.chosen, self.sessions_are_shown))

    @cached_property
    def offers(self) -> list[Offer]:
        return list(_offers(self.chosen, self._everybody, self.sessions_are_shown))


def _chips_on(chosen: PeopleFilter, sessions_are_shown: bool) -> Iterator[Chosen]:
    standing = chosen.standing(sessions_are_shown=sessions_are_shown)
    if standing:
        yield Chosen(key=_("state:"), value=str(FILTERS[standing]), remove_url=chosen.address(state=""))
    words = {"department": _("department:"), "company": _("company:"), "group": _("group:")}
    for name, key in words.items():
        if getattr(chosen, name):
            value = clean(getattr(chosen, name))
            yield Chosen(key=key, value=value, remove_url=chosen.address(**{name: ""}))
    if chosen.leaving:
        yield Chosen(key=_("leaving:"), value=_("has a last day"), remove_url=chosen.address(leaving=""))


def _offers(chosen: PeopleFilter, everybody: UserQuerySet, sessions_are_shown: bool) -> Iterator[Offer]:
    """Only filters that are off, and only values that somebody in reach has."""
    if not chosen.standing(sessions_are_shown=sessions_are_shown):
        known = [each for each in FILTERS if sessions_are_shown or each not in SAID_BY_SESSIONS]
        yield offer(_("State"), chosen, "state", [(each.value, str(FILTERS[each])) for each in known])
    for name, word, values in (
        ("department", _("Department"), _values(everybody, "department")),
        ("company", _("Company"), _values(everybody, "legal_entity")),
        ("group", _("Group"), _groups(everybody)),
    ):
        if values and not getattr(chosen, name):
            yield offer(word, chosen, name, [(value, clean(value)) for value in values])
    if not chosen.leaving:
        yield offer(_("Leaving"), chosen, "leaving", [("yes", _("has a last day"))])


def _values(everybody: UserQuerySet, column: str) -> list[str]:
    found = everybody.exclude(**{column: ""}).order_by(column).values_list(column, flat=True).distinct()
    return list(found[:OFFERED_AT_MOST])


def _groups(everybody: UserQuerySet) -> list[str]:
    groups = Group.objects.filter(memberships__user__in=everybody.values("pk")).distinct()
    return list(groups.values_list("name", flat=True)[:OFFERED_AT_MOST])
