"""Time zones as people say them: a day and a time of day somewhere, and the moment that is."""

from __future__ import annotations

import importlib.resources
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from sessions_app.changes.errors import ValuesRefused

FIRST_YEAR, LAST_YEAR = 1970, 9000
COUNTRY_TABLES = ("zone.tab", "iso3166.tab")


class ClockChange(Enum):
    """What a change of the clocks did to a local time."""

    NONE = "none"
    SKIPPED = "skipped"
    """It does not exist: the clocks jump over it. The moment of the jump stands for it."""
    TWICE = "twice"
    """It exists twice: the clocks are put back. The first of the two stands for it."""


@dataclass(frozen=True, kw_only=True)
class LocalMoment:
    """`at` is in UTC; `change` says whether the local time had to be made out."""

    at: datetime
    zone: str
    change: ClockChange

    @property
    def local(self) -> datetime:
        return self.at.astimezone(ZoneInfo(self.zone))


def moment_of(day: date, at: time, zone: str) -> LocalMoment:
    """The moment at which clocks in this zone show this day and time of day.

    Raises ValuesRefused (`time_zone`, or `moment` for a year nobody means).
    """
    if not is_zone(zone):
        raise ValuesRefused(("time_zone", _("No such time zone is known.")))
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValuesRefused(("moment", _("This is no date of our time.")))
    local = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first < second:
        return LocalMoment(at=first, zone=zone, change=ClockChange.TWICE)
    if first > second:
        return LocalMoment(at=_jump_between(second, first, zone), zone=zone, change=ClockChange.SKIPPED)
    return LocalMoment(at=first, zone=zone, change=ClockChange.NONE)


def _jump_between(before: datetime, after: datetime, zone: str) -> datetime:
    """The second in which the offset changes."""
    offset = before.astimezone(ZoneInfo(zone)).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(ZoneInfo(zone)).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


# --- Which zones there are ----------------------------------------------------------------------------


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def is_zone(name: str) -> bool:
    return name in _known_zones()


@cache
def offered_zones() -> tuple[str, ...]:
    """One name per place, UTC first; where the machine has no table of places, every name with a place in it."""
    places = {name for names in _by_country().values() for name in names}
    places = places or {name for name in _known_zones() if "/" in name and not name.startswith("Etc/")}
    return ("UTC", *sorted(places & _known_zones()))


def zones_of(country: str) -> tuple[str, ...]:
    """The zones of a country, by its two letters or its English name, most people first; often none is known."""
    wanted = country.strip().casefold()
    return tuple(name for name in _by_country().get(wanted, ()) if is_zone(name))


@cache
def _by_country() -> dict[str, tuple[str, ...]]:
    places, countries = (_table(name) for name in COUNTRY_TABLES)
    found: dict[str, list[str]] = {}
    for code, _coordinates, zone, *_rest in (row for row in places if len(row) > 2):
        found.setdefault(code.casefold(), []).append(zone)
    by_code = {code: tuple(zones) for code, zones in found.items()}
    by_name = {name.casefold(): by_code.get(code.casefold(), ()) for code, name, *_rest in countries}
    return {**by_name, **by_code}


def _table(name: str) -> list[list[str]]:
    text = next((path.read_text(encoding="utf-8") for path in _places_of(name) if path.is_file()), "")
    lines = [line for line in (text or _packaged(name)).splitlines() if not line.startswith("#")]
    return [line.split("\t") for line in lines if "\t" in line]


def _places_of(name: str) -> list[Path]:
    return [Path(folder) / name for folder in zoneinfo.TZPATH]


def _packaged(name: str) -> str:
    """As the tzdata package has it, where it is installed."""
    try:
        return importlib.resources.files("tzdata.zoneinfo").joinpath(name).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return ""
