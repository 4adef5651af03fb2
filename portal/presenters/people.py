"""The list of people: search, filters, one row per person, and the one thing to do about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from django.core.paginator import Page, Paginator
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.access import leavings_known_to, may, people_for, sessions_for
from portal.presenters.filters import AddressFilter, Chosen, Offer, offer
from portal.presenters.people_rows import PersonRow, rows_of
from portal.presenters.standing import FILTERS, SAID_BY_SESSIONS, Standing, standing_at
from portal.presenters.words import clean
from portal.roles import May
from sessions_app.models import Group, User
from sessions_app.models.leavings import LeavingQuerySet
from sessions_app.models.users import UserQuerySet

ROWS = 50
OFFERED_AT_MOST = 40

HAS_LAST_DAY, SCHEDULED = "yes", "scheduled"
LEAVING_WORDS: dict[str, Promise] = {
    HAS_LAST_DAY: gettext_lazy("has a last day"),
    SCHEDULED: gettext_lazy("access ends by itself"),
}

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

    def apply(
        self, people: UserQuerySet, *, sessions_are_shown: bool, leavings: LeavingQuerySet
    ) -> UserQuerySet:
        """The people this address asks for. What the reader may not know cannot be filtered by."""
        exact = {
            "department": self.department,
            "legal_entity": self.company,
            "memberships__group__name": self.group,
        }
        people = people.matching(self.q).filter(**{name: value for name, value in exact.items() if value})
        if self.leaving == SCHEDULED:
            people = people.filter(pk__in=leavings.scheduled().values("user"))
        elif self.leaving:
            people = people.filter(last_day__isnull=False)
        standing = self.standing(sessions_are_shown=sessions_are_shown)
        return standing_at(people, standing) if standing else people

    def standing(self, *, sessions_are_shown: bool) -> Standing | None:
        known = [each for each in FILTERS if sessions_are_shown or each not in SAID_BY_SESSIONS]
        return next((each for each in known if each.value == self.state), None)


class PeoplePage:
    """One page of the list for one reader."""

    def __init__(self, reader: User, chosen: PeopleFilter) -> None:
        self.reader = reader
        self.chosen = chosen
        self.sessions_are_shown = may(reader, May.SEE_SESSIONS)
        self.selects = may(reader, May.TERMINATE_PEOPLE)
        self._everybody = people_for(reader, May.SEE_PEOPLE)

    @cached_property
    def page(self) -> Page[User]:
        found = self.chosen.apply(
            self._everybody,
            sessions_are_shown=self.sessions_are_shown,
            leavings=leavings_known_to(self.reader),
        )
        return Paginator(found.order_by(*ORDERS[self.chosen.order]), ROWS).get_page(self.chosen.page)

    @cached_property
    def rows(self) -> list[PersonRow]:
        return rows_of(list(self.page.object_list), self.reader)

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
        sessions = ngettext("%(count)s live session", "%(count)s live sessions", live) % {
            "count": f"{live:,}"
        }
        return f"{people}, {sessions}."

    @property
    def query(self) -> str:
        return self.chosen.query()

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The search and the filters, to be sent along with a selection."""
        return parse_qsl(self.chosen.query(sort=""))

    def sort_address(self, column: str) -> str:
        turned = f"-{column}" if self.chosen.order == column else column
        return self.chosen.address(sort="" if turned == "name" else turned)

    def direction(self, column: str) -> str:
        return {column: "ascending", f"-{column}": "descending"}.get(self.chosen.order, "")

    @property
    def heads(self) -> dict[str, tuple[str, str]]:
        """Address and direction of each column that sorts."""
        return {
            column: (self.sort_address(column), self.direction(column)) for column in ("name", "last_day")
        }

    @property
    def chips_on(self) -> list[Chosen]:
        return list(_chips_on(self.chosen, sessions_are_shown=self.sessions_are_shown))

    @cached_property
    def offers(self) -> list[Offer]:
        offered = list(_offers(self.chosen, self._everybody, sessions_are_shown=self.sessions_are_shown))
        return offered if self.chosen.leaving else [*offered, self._leaving_offer]

    @property
    def _leaving_offer(self) -> Offer:
        known = [HAS_LAST_DAY, SCHEDULED] if may(self.reader, May.TERMINATE_PEOPLE) else [HAS_LAST_DAY]
        choices = [(value, str(LEAVING_WORDS[value])) for value in known]
        return offer(_("Leaving"), self.chosen, "leaving", choices)


def _chips_on(chosen: PeopleFilter, *, sessions_are_shown: bool) -> Iterator[Chosen]:
    standing = chosen.standing(sessions_are_shown=sessions_are_shown)
    if standing:
        yield Chosen(key=_("state:"), value=str(FILTERS[standing]), remove_url=chosen.address(state=""))
    words = {"department": _("department:"), "company": _("company:"), "group": _("group:")}
    for name, key in words.items():
        if getattr(chosen, name):
            value = clean(getattr(chosen, name))
            yield Chosen(key=key, value=value, remove_url=chosen.address(**{name: ""}))
    if chosen.leaving:
        value = str(LEAVING_WORDS.get(chosen.leaving, LEAVING_WORDS[HAS_LAST_DAY]))
        yield Chosen(key=_("leaving:"), value=value, remove_url=chosen.address(leaving=""))


def _offers(chosen: PeopleFilter, everybody: UserQuerySet, *, sessions_are_shown: bool) -> Iterator[Offer]:
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


def _values(everybody: UserQuerySet, column: str) -> list[str]:
    found = everybody.exclude(**{column: ""}).order_by(column).values_list(column, flat=True).distinct()
    return list(found[:OFFERED_AT_MOST])


def _groups(everybody: UserQuerySet) -> list[str]:
    groups = Group.objects.filter(memberships__user__in=everybody.values("pk")).distinct()
    return list(groups.values_list("name", flat=True)[:OFFERED_AT_MOST])
