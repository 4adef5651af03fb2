"""manage.py import_people: bring people in from a file, all of them or none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.errors import PeopleRefused
from sessions_app.changes.people import Kept, PersonOutcome, Rehearsal, keep_people
from sessions_app.management.people_file import COLUMNS, FileRefused, PeopleFile, read_people
from sessions_app.management.shell_command import BadInput, ExitCode, Result, ShellCommand

SHOWN_AT_MOST = 100


class Command(ShellCommand):
    help = (
        "Brings people in from a CSV file (UTF-8, comma or semicolon), all of them or none. Columns: "
        + ", ".join(COLUMNS)
        + ". external_id is needed; a column that is missing leaves its values as they are, an empty cell "
        "empties the value (not user name and name). groups are exactly the person's groups, separated by "
        "semicolons; identities are realm=id, separated likewise, and are only ever added."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE.csv", type=Path)
        parser.add_argument("--dry-run", action="store_true", help=_("find the same outcome, keep nothing"))

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        try:
            file = read_people(options["file"])
        except FileRefused as refusal:
            raise BadInput(refusal) from refusal
        rehearsal = Rehearsal.ONLY_LOOK if options["dry_run"] else Rehearsal.NO
        # What could be read is tried even where some could not, so that one run shows everything that is wrong.
        looked = Rehearsal.ONLY_LOOK if file.problems else rehearsal
        try:
            outcomes = keep_people(file.people, by=by, rehearsal=looked)
        except PeopleRefused as refused:
            raise BadInput(_problems(file, refused)) from refused
        except BlacklistUnavailable:
            return _kept_but_not_published(file)
        if file.problems:
            raise BadInput(_problems(file, None))
        return _told(outcomes, rehearsal)


def _problems(file: PeopleFile, refused: PeopleRefused | None) -> str:
    found = list(file.problems)
    if refused is not None:
        found += [(file.lines[position], str(refusal)) for position, refusal in refused.problems.items()]
    found.sort()
    shown = [
        _("Line %(line)d: %(what)s") % {"line": line, "what": what} for line, what in found[:SHOWN_AT_MOST]
    ]
    rest = [_("... and %d more.") % (len(found) - SHOWN_AT_MOST)] if len(found) > SHOWN_AT_MOST else []
    return "\n".join([_("Nobody was brought in."), *shown, *rest])


def _told(outcomes: list[PersonOutcome], rehearsal: Rehearsal) -> Result:
    counts = Counter(outcome.kept for outcome in outcomes)
    line = _("%(created)d created, %(changed)d changed, %(unchanged)d as they were.") % {
        kept.value: counts[kept] for kept in Kept
    }
    is_rehearsal = rehearsal is Rehearsal.ONLY_LOOK
    facts = {**{kept.value: counts[kept] for kept in Kept}, "dry_run": is_rehearsal}
    return Result(line=_("Dry run, nothing kept: %s") % line if is_rehearsal else line, facts=facts)


def _kept_but_not_published(file: PeopleFile) -> Result:
    return Result(
        line=_(
            "Everybody is kept, but the blacklist does not answer: the clock publishes what new identities inherit."
        ),
        facts={"people": len(file.people), "published": False},
        exit_code=ExitCode.NOT_CUT_OFF,
    )
