"""A file of people as spreadsheets write it, read into facts, with the number of every line that is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

from django.utils.translation import gettext as _

from sessions_app.changes.facts import NOTHING, IdentityFacts, Nothing, PersonFacts
from sessions_app.changes.naming import Place

TEXTS = (
    "email",
    "employee_number",
    "department",
    "job_title",
    "legal_entity",
    "country",
    "manager_external_id",
)
COLUMNS = ("external_id", "username", "display_name", *TEXTS, "last_day", "groups", "identities")
LARGEST_FILE = 64 * 1024 * 1024


class FileRefused(Exception):
    """The file as a whole cannot be read."""


class CellRefused(Exception):
    """One row cannot be read."""


@dataclass(frozen=True, kw_only=True)
class PeopleFile:
    """What was read. `lines` holds the line of each person; `problems` (line, sentence) of what was not."""

    people: tuple[PersonFacts, ...]
    lines: tuple[int, ...]
    problems: tuple[tuple[int, str], ...]


def read_people(path: Path) -> PeopleFile:
    """Every row of the file. Raises FileRefused where it is no such file at all."""
    people: list[PersonFacts] = []
    lines: list[int] = []
    problems: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    for line, row in _rows(_text(path)):
        try:
            facts = _facts(row)
            if facts.external_id in seen:
                raise CellRefused(_("external_id: also in line %d.") % seen[facts.external_id])
        except CellRefused as refusal:
            problems.append((line, str(refusal)))
            continue
        seen[facts.external_id] = line
        people.append(facts)
        lines.append(line)
    return PeopleFile(people=tuple(people), lines=tuple(lines), problems=tuple(problems))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FileRefused(_("The file is larger than 64 MiB."))
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileRefused(_("The file cannot be read: %s.") % error.strerror) from error
    except UnicodeDecodeError as error:
        raise FileRefused(_("The file is not UTF-8 (from byte %d on).") % error.start) from error
    if "\x00" in text:
        raise FileRefused(_("The file contains NUL characters, so it is no text."))
    return text


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    header = text.split("\n", 1)[0]
    reader = csv.DictReader(
        StringIO(text, newline=""),
        delimiter=";" if header.count(";") > header.count(",") else ",",
        strict=True,
    )
    try:
        _check_header(reader.fieldnames or [])
        for row in reader:
            yield reader.line_num, _complete(row)
    except csv.Error as error:
        raise FileRefused(
            _("Line %(line)d is no CSV: %(why)s.") % {"line": reader.line_num, "why": error}
        ) from error


def _check_header(names: object) -> None:
    known = [str(name).strip() for name in names] if isinstance(names, list) else []
    unknown = sorted(set(known) - set(COLUMNS))
    if "external_id" not in known:
        raise FileRefused(_("The first line must name the columns, external_id among them."))
    if unknown or len(set(known)) != len(known):
        raise FileRefused(_("Unknown or repeated columns: %s.") % ", ".join(unknown or known))


def _complete(row: Mapping[object, object]) -> dict[str, str]:
    """The row by its columns. What DictReader finds too much or too little is under or beside None."""
    if None in row:
        return {"too_many": "cells"}
    return {str(name).strip(): str(value).strip() if value is not None else "" for name, value in row.items()}


def _facts(row: Mapping[str, str]) -> PersonFacts:
    if "too_many" in row:
        raise CellRefused(_("This row has more cells than the first line has columns."))
    if not row["external_id"]:
        raise CellRefused(_("external_id: is empty."))
    texts = {name: row[name] for name in TEXTS if name in row}
    names = {name: row[name] for name in ("username", "display_name") if row.get(name)}
    return PersonFacts(
        external_id=row["external_id"],
        last_day=_day(row["last_day"]) if "last_day" in row else None,
        groups=tuple(_parts(row["groups"])) if "groups" in row else None,
        identities=tuple(_identity(part) for part in _parts(row.get("identities", ""))),
        **texts,
        **names,
    )


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _identity(part: str) -> IdentityFacts:
    realm, separator, person_id = part.partition("=")
    if not (realm and separator and person_id):
        raise CellRefused(_("identities: write realm=id, with ; between two."))
    return IdentityFacts(place=Place(realm=realm.strip()), person_id=person_id.strip())


def _day(cell: str) -> date | Nothing:
    if not cell:
        return NOTHING
    try:
        return date.fromisoformat(cell)
    except ValueError as error:
        raise CellRefused(_("last_day: write it as 2026-12-31.")) from error
