"""What a directory can say about a person, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from sessions_app.changes.naming import Place


class Nothing(Enum):
    """A value that was emptied, where `None` already means "as it was"."""

    NOTHING = "nothing"


NOTHING = Nothing.NOTHING


@dataclass(frozen=True, kw_only=True)
class IdentityFacts:
    """By which id the person is known in the realm of `place`."""

    place: Place
    person_id: str


@dataclass(frozen=True, kw_only=True)
class PersonFacts:
    """What is known of one person. `None` leaves a value as it was, an empty text empties it.

    `groups` are then exactly the person's groups. `identities` are added; none is ever taken away.
    """

    external_id: str
    username: str | None = None
    display_name: str | None = None
    email: str | None = None
    employee_number: str | None = None
    job_title: str | None = None
    department: str | None = None
    legal_entity: str | None = None
    country: str | None = None
    manager_external_id: str | None = None
    last_day: date | Nothing | None = None
    groups: tuple[str, ...] | None = None
    identities: tuple[IdentityFacts, ...] = ()
