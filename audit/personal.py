"""Personal values of an entry: kept beside it, never in it, so that they alone can be blanked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from audit.initiators import Initiator
from audit.storable import clean_text
from audit.targets import Target


class SubjectRole(StrEnum):
    """Whose part in the entry the value describes."""

    INITIATOR = "initiator"
    TARGET = "target"
    EVENT = "event"


@dataclass(frozen=True, kw_only=True)
class PersonalValue:
    """`about` is the pseudonym by which the value is found when a person is erased."""

    role: SubjectRole
    kind: str
    value: str
    about: str


def values_beside(
    *,
    initiator: Initiator,
    target: Target | None,
    person: UUID | None,
    personal: Mapping[str, str | None] | None,
) -> list[PersonalValue]:
    """Every personal value of one entry; empty ones are left out."""
    found = [
        *_of_initiator(initiator),
        *_of_target(target, person),
        *_of_event(target, person, personal or {}),
    ]
    return [value for value in found if value.value]


def person_of(target: Target | None) -> UUID | None:
    """The person an entry is about, where its target is a person."""
    return UUID(target.id) if target and target.kind == "user" else None


def _of_initiator(initiator: Initiator) -> Iterator[PersonalValue]:
    for kind, value in (("name", initiator.name), ("address", initiator.address or "")):
        yield PersonalValue(
            role=SubjectRole.INITIATOR, kind=kind, value=clean_text(value), about=initiator.id
        )


def _of_target(target: Target | None, person: UUID | None) -> Iterator[PersonalValue]:
    if target:
        yield PersonalValue(
            role=SubjectRole.TARGET,
            kind="label",
            value=clean_text(target.label),
            about=_about(target, person),
        )


def _of_event(
    target: Target | None, person: UUID | None, personal: Mapping[str, str | None]
) -> Iterator[PersonalValue]:
    for kind, value in personal.items():
        yield PersonalValue(
            role=SubjectRole.EVENT, kind=kind, value=clean_text(value or ""), about=_about(target, person)
        )


def _about(target: Target | None, person: UUID | None) -> str:
    if person:
        return str(person)
    return target.id if target else ""
