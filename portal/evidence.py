"""Whom HR's list means: its rows looked up among the people known here, and the match made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from audit.evidence.leavers import ID_COLUMNS, Leaver
from audit.evidence.pack import Matched, leavers_of, matched
from audit.models import LeaverList
from audit.search import EntryQuerySet
from sessions_app.models import User

AT_ONCE = 500


def match_of(kept: LeaverList, *, entries: EntryQuerySet) -> Matched:
    """Raises ListChanged where the kept file is not the one that was received."""
    return matched(kept, entries=entries, people=people_of(leavers_of(kept)))


def people_of(leavers: Collection[Leaver]) -> Mapping[str, str]:
    """Which person the key of each leaver is. An identifier that two people share names nobody."""
    known = {column: _by(column, leavers) for column in ID_COLUMNS}
    found: dict[str, str] = {}
    for leaver in leavers:
        matches = (known[column].get(value.casefold(), "") for column, value in leaver.ids.items())
        person = next((each for each in matches if each), "")
        if person:
            found[leaver.key] = person
    return found


def _by(column: str, leavers: Iterable[Leaver]) -> dict[str, str]:
    """Person by identifier; empty where it is not one person's alone."""
    found: dict[str, str] = {}
    for some in _some([leaver.ids[column] for leaver in leavers if column in leaver.ids]):
        rows = User.objects.filter(**{f"{column}__in": {*some, *map(str.lower, some)}})
        for value, key in rows.values_list(column, "pk"):
            name = value.casefold()
            found[name] = "" if name in found and found[name] != str(key) else str(key)
    return found


def _some(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
