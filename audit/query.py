"""The filter language of the trail: one line, one set of entries, for the page, the interface and every export.

`actor: target: action: reason: project: receipt: request: outcome: door: created:` and free words. Names are looked
up in the trail's own dictionary, so they are those of the time; notes and addresses are never searched. Who may see
what is not decided here: whoever asks passes the entries within reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from audit.events import ALL_EVENTS, Outcome
from audit.initiators import Door
from audit.models import AuditEntry, AuditName
from audit.query_moments import Span, read_span
from audit.query_terms import Term, UnreadableQuery, read_terms
from audit.receipt_numbers import read_receipt
from audit.search import EntryQuerySet, FromRow, Page, merged_page, page

MOST_NAMES = 60
ANY_TIME = "any"
LONGEST_SAID = 80
COUNTED = 5000
READ = "read_"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One value of one column with an index that ends in time."""

    column: str
    value: str | UUID


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What one part of a line finds: entries at one of these places, or within a span of time."""

    places: tuple[Place, ...] = ()
    span: Span | None = None
    is_negated: bool = False

    @property
    def condition(self) -> Q:
        found = _within(self.span) if self.span else _at_any(self.places)
        return ~found if self.is_negated else found

    @property
    def is_placed(self) -> bool:
        """Whether it can lead: each of its places is the beginning of an index."""
        return bool(self.places) and not self.is_negated

    def read_from(self, entries: EntryQuerySet) -> EntryQuerySet:
        """Those of the entries that it finds, where another part has led to them."""
        if not self.is_placed:
            return entries.filter(self.condition)
        columns = {place.column: FromRow(place.column) for place in self.places}
        read = {f"{READ}{column}": as_it_stands for column, as_it_stands in columns.items()}
        found: EntryQuerySet = entries.alias(**read).filter(_at_any(self.places, prefix=READ))
        return found

    def reach(self) -> int:
        """How many entries it finds, counted no further than matters: a millisecond or two, from its indexes alone."""
        return int(AuditEntry.objects.filter(self.condition).order_by()[:COUNTED].count())


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """What a line asks for. It finds nothing where it cannot be read."""

    line: str

    @cached_property
    def terms(self) -> list[Term]:
        """Empty where the line cannot be read."""
        try:
            return read_terms(self.line)
        except UnreadableQuery:
            return []

    @cached_property
    def problem(self) -> str:
        """Why this line finds nothing at all, as a sentence that names the part; empty where it can be read."""
        try:
            read_terms(self.line)
            bool(self._meanings)
        except UnreadableQuery as unreadable:
            return str(unreadable.sentence)
        return ""

    @cached_property
    def _meanings(self) -> list[tuple[str, Meaning]]:
        """Raises UnreadableQuery."""
        return [(term.key, _meaning(term)) for term in self.terms]

    def entries(self, within: EntryQuerySet) -> EntryQuerySet:
        """Those of the entries that the line asks for, as one queryset: for streams, which read all of it."""
        if self.problem:
            return within.none()
        return within.filter(*(meaning.condition for _key, meaning in self._meanings))

    def page(self, within: EntryQuerySet, *, after: str | None, size: int) -> Page:
        """The newest `size` of them that are older than the cursor. Raises BadCursor.

        Where one part of the line names several places (all people called Ana), each place is read from its
        own index and the beginnings are merged: the price is that of a few rows per place, not of all entries.
        """
        leading = None if self.problem else self._leading
        if leading is None:
            return page(self.entries(within), after=after, size=size)
        for _key, meaning in self._meanings:
            within = within if meaning is leading else meaning.read_from(within)
        branches = [within.filter(**{place.column: place.value}) for place in leading.places]
        if len(branches) == 1:
            return page(branches[0], after=after, size=size)
        return merged_page(branches, within=within, after=after, size=size)

    @property
    def _leading(self) -> Meaning | None:
        """The part that finds the least, or by its kind most likely does; None where no part can lead."""
        placed = [(key, meaning) for key, meaning in self._meanings if meaning.is_placed]
        if len(placed) < 2:
            return placed[0][1] if placed else None
        return min(placed, key=lambda pair: (pair[1].reach(), NARROWEST_FIRST.index(pair[0])))[1]


def _at_any(places: tuple[Place, ...], *, prefix: str = "") -> Q:
    columns: dict[str, list[str | UUID]] = {}
    for place in places:
        columns.setdefault(place.column, []).append(place.value)
    found = Q(pk__in=[])
    for column, values in columns.items():
        found |= Q(**{f"{prefix}{column}__in": values})
    return found


def _within(span: Span) -> Q:
    found = Q()
    if span.since:
        found &= Q(timestamp__gte=span.since)
    if span.until:
        found &= Q(timestamp__lt=span.until)
    return found


def _meaning(term: Term) -> Meaning:
    """Raises UnreadableQuery for a key nobody knows and for a value its key cannot have."""
    if term.key == "created":
        return Meaning(span=_read_created(term.value), is_negated=term.is_negated)
    if term.key not in PLACES:
        raise UnreadableQuery(
            _("There is no filter “%(key)s:”. There are %(known)s.")
            % {"key": term.key[:LONGEST_SAID], "known": ", ".join(f"{key}:" for key in KEYS)}
        )
    places = tuple(dict.fromkeys(PLACES[term.key](term.value)))
    return Meaning(places=places, is_negated=term.is_negated)


def _read_created(value: str) -> Span:
    return Span() if value.lower() == ANY_TIME else read_span(value)


# --- One function per key: where its value leads --------------------------------------------------


def _actor(value: str) -> Iterator[Place]:
    """Whoever is called so, by name, by id, or `clock` and `shell`."""
    if value.lower() == Door.SHELL:
        yield Place(column="door", value=Door.SHELL)
    for known in [_one_spelling(value), *_ids_behind(value)]:
        yield Place(column="initiator_id", value=known)


def _target(value: str) -> Iterator[Place]:
    """What it was about, or the person it concerned."""
    for known in [_one_spelling(value), *_ids_behind(value)]:
        yield Place(column="target_id", value=known)
        if person := _as_uuid(known):
            yield Place(column="person_id", value=person)


def _action(value: str) -> Iterator[Place]:
    """A code (RV-101), a group of codes (RV), an event's name or a word of it (terminated)."""
    codes = list(_codes(value))
    if not codes:
        raise UnreadableQuery(
            _(
                "“%s” is no action. Write a code such as RV-101, a group such as RV, or a word such as terminated."
            )
            % value[:LONGEST_SAID]
        )
    for code in codes:
        yield Place(column="event_code", value=code)


def _codes(value: str) -> Iterator[str]:
    wanted, word = value.upper(), value.lower()
    for event in ALL_EVENTS:
        for code in (event.code, f"{event.code}F"):
            is_coded = code == wanted or (code.removesuffix("F") == wanted) or code.startswith(f"{wanted}-")
            if is_coded or word == event.name or word in event.name.replace("_", ".").split("."):
                yield code


def reason_code(typed: str) -> str:
    """The code as it is kept, however a reason was typed."""
    return typed.lower().replace(" ", "_").replace("-", "_")


def _reason(value: str) -> Iterator[Place]:
    yield Place(column="reason_code", value=reason_code(value))


def _project(value: str) -> Iterator[Place]:
    yield Place(column="project_key", value=value)
    yield Place(column="project_key", value=value.lower())


def _receipt(value: str) -> Iterator[Place]:
    number = read_receipt(value)
    if number is None:
        raise UnreadableQuery(
            _("“%s” is not a receipt number. One looks like CF-8F3K2Q7D1M.") % value[:LONGEST_SAID]
        )
    yield Place(column="receipt", value=number)


def _request(value: str) -> Iterator[Place]:
    yield Place(column="cid", value=value)


def _outcome(value: str) -> Iterator[Place]:
    yield Place(column="outcome", value=_one_of("outcome", value, Outcome.values))


def _door(value: str) -> Iterator[Place]:
    yield Place(column="door", value=_one_of("door", value, [str(door) for door in Door]))


def _anywhere(value: str) -> Iterator[Place]:
    """A free word: a name, a number, an id, an action, a reason or a project, wherever it stands."""
    yield from _actor(value)
    yield from _target(value)
    yield from (Place(column="event_code", value=code) for code in _codes(value))
    yield from _reason(value)
    yield from _project(value)
    yield from _request(value)
    if number := read_receipt(value):
        yield Place(column="receipt", value=number)


def _ids_behind(name: str) -> list[str]:
    """Whoever is or was called so. UnreadableQuery where that is half the company."""
    found = AuditName.objects.bearing(name, at_most=MOST_NAMES)
    if len(found) > MOST_NAMES:
        raise UnreadableQuery(
            _("“%(words)s” is part of more than %(most)d names. Write more of the name you mean.")
            % {"words": name[:LONGEST_SAID], "most": MOST_NAMES}
        )
    return found


def _one_of(key: str, value: str, known: list[str]) -> str:
    if value.lower() not in known:
        raise UnreadableQuery(
            _("“%(value)s” is nothing “%(key)s:” can be. It can be %(known)s.")
            % {"value": value[:LONGEST_SAID], "key": key, "known": ", ".join(known)}
        )
    return value.lower()


def _one_spelling(identifier: str) -> str:
    """A UUID as it is kept, however it was typed; any other id as it is."""
    found = _as_uuid(identifier)
    return str(found) if found else identifier


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


PLACES: Mapping[str, Callable[[str], Iterator[Place]]] = {
    "actor": _actor,
    "target": _target,
    "action": _action,
    "reason": _reason,
    "project": _project,
    "receipt": _receipt,
    "request": _request,
    "outcome": _outcome,
    "door": _door,
    "": _anywhere,
}
KEYS = (*(key for key in PLACES if key), "created")
NARROWEST_FIRST = (
    "receipt",
    "request",
    "target",
    "project",
    "actor",
    "",
    "action",
    "reason",
    "outcome",
    "door",
)
