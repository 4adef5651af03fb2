"""manage.py evidence_pack: the evidence of a period as one signed archive, for whoever works on the server itself."""

from __future__ import annotations

import os
import secrets
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.evidence.archive import PackWritten, record_pack, write_pack
from audit.evidence.leavers import LARGEST_FILE, Days, NoLeaverFile
from audit.evidence.lists import Origin, keep_list
from audit.evidence.pack import Draw, Pack, assembled
from audit.exports.files import nameless, new_file
from audit.initiators import Initiator
from audit.models import AuditEntry, LeaverList
from portal.evidence import match_of
from portal.evidence_forms import PackForm
from sessions_app.management.shell_command import BadInput, ExitCode, Result, ShellCommand


class Command(ShellCommand):
    help = (
        "Matches HR's list of leavers (CSV with left_on and one of external_id, employee_number, email, username) with "
        "the trail, and writes PDF, CSV, JSON, receipts and verifier as one signed zip. The list is kept; both are "
        "entries."
    )
    exit_codes = _("Exit codes: 0 done, 2 bad input (nothing was built).")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="LEAVERS.csv", type=Path)
        parser.add_argument("--from", dest="first_day", type=date.fromisoformat, required=True, metavar="DAY")
        parser.add_argument("--until", dest="last_day", type=date.fromisoformat, required=True, metavar="DAY")
        parser.add_argument("--source", required=True, help=_("the HR system the list comes from"))
        parser.add_argument("--query", required=True, help=_("the query or report that made it"))
        parser.add_argument("--allowed-hours", type=int, default=24, help=_("after the last day; 24"))
        parser.add_argument("--seed", default="", help=_("of the sample; drawn if none is given"))
        parser.add_argument("--sample", type=int, default=25, help=_("size of the sample; 25"))
        parser.add_argument(
            "--as-of", type=date.fromisoformat, metavar="DAY", help=_("for roles and settings")
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.zip")

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        if options["out"].exists():
            raise BadInput(_("There is a file %s already.") % options["out"])
        asked = _asked(options)
        kept = _kept(options, by=by)
        entries = AuditEntry.objects.all()
        pack = assembled(
            match_of(kept, entries=entries),
            entries=entries,
            draw=Draw(seed=asked["seed"], size=asked["size"]),
            as_of=asked["as_of"],
        )
        return _told(pack, _written(pack, options["out"], by=by), options["out"])


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    """What decides the sample, by the rules of the page."""
    form = PackForm(
        {
            "seed": options["seed"] or secrets.token_hex(8),
            "size": options["sample"],
            "as_of": options["as_of"] or options["last_day"],
        }
    )
    if not form.is_valid():
        wrong = "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
        raise BadInput(wrong)
    return dict(form.cleaned_data)


def _kept(options: dict[str, Any], *, by: Initiator) -> LeaverList:
    if options["first_day"] > options["last_day"] or not 0 <= options["allowed_hours"] <= 24 * 90:
        raise BadInput(_("The period ends before it begins, or the hours are not between 0 and 2160."))
    try:
        with options["file"].open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        return keep_list(
            content,
            period=Days(first=options["first_day"], last=options["last_day"]),
            origin=Origin(source=options["source"][:200], query=options["query"][:2000]),
            allowed_hours=options["allowed_hours"],
            by=by,
        )
    except (OSError, NoLeaverFile) as error:
        raise BadInput(error) from error


def _written(pack: Pack, path: Path, *, by: Initiator) -> PackWritten:
    """A file of this name appears when it is whole and recorded, or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with nameless() as whole, new_file(draft) as file:
            written = write_pack(whole, pack)
            shutil.copyfileobj(whole, file)
        record_pack(written, pack, by=by)
        draft.rename(path)
    except OSError as error:
        raise BadInput(error) from error
    finally:
        draft.unlink(missing_ok=True)
    return written


def _told(pack: Pack, written: PackWritten, path: Path) -> Result:
    found = pack.matched
    facts = {
        "leavers": found.leavers.rows,
        "bad_rows": found.leavers.bad_rows,
        "exceptions": len(found.exceptions),
        "open": len(found.open),
        "seed": pack.draw.seed,
        "path": str(path),
        "sha256": written.sha256,
    }
    line = _(
        "%(leavers)d leavers (%(bad_rows)d rows are wrong), %(exceptions)d exceptions, %(open)d of them open. "
        "Seed %(seed)s. %(path)s, SHA-256 %(sha256)s"
    )
    return Result(line=line % facts, facts=facts, exit_code=ExitCode.DONE)
