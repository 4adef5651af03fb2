"""manage.py export_audit: entries of the trail as a file, for whoever works on the server itself."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit.exports.files import nameless, new_file
from audit.exports.forms import Form
from audit.exports.jobs import run_everything_waiting
from audit.exports.reading import Reading, everybodys
from audit.exports.recording import record_export
from audit.exports.rows import Selection
from audit.exports.writing import Written, write
from audit.initiators import the_shell
from audit.models import AuditEntry
from audit.query import AuditQuery

BAD_INPUT = 2


class Command(BaseCommand):
    help = (
        "Writes entries of the trail as a file, newest first, with the personal values beside them. "
        "Each export is an entry itself, written before the file can be used."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        exit_codes = _("Exit codes: 0 done, 2 bad input (nothing was exported).")
        return super().create_parser(prog_name, subcommand, epilog=exit_codes, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=Form.values, default=Form.CSV.value, help=_("csv by default"))
        parser.add_argument(
            "--filter",
            default="",
            metavar="LINE",
            help=_("as on the audit page, for example 'actor:ivan reason:offboarding created:30d'"),
        )
        parser.add_argument("--notes", action="store_true", help=_("also what people wrote into notes"))
        parser.add_argument(
            "--waiting",
            action="store_true",
            help=_("instead: work on the exports that were asked for on the page and nobody took"),
        )
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help=_("where to; standard output by default")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["waiting"]:
            self.stdout.write(_("%d exports finished.") % run_everything_waiting())
            return
        question = AuditQuery(line=options["filter"])
        if question.problem:
            raise CommandError(question.problem, returncode=BAD_INPUT)
        selection = Selection(
            entries=question.entries(AuditEntry.objects.all()),
            reading=Reading(reads_note=everybodys if options["notes"] else None),
        )
        form = Form(options["format"])
        if options["out"]:
            self._into(options["out"], selection, form, question.line)
        else:
            self._to_standard_output(selection, form, question.line)

    def _into(self, path: Path, selection: Selection, form: Form, line: str) -> None:
        """A file of this name appears when it is whole and recorded, or not at all."""
        if path.exists():
            raise CommandError(_("There is a file %s already.") % path, returncode=BAD_INPUT)
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        try:
            with new_file(draft) as file:
                written = self._written(selection, form, line, file)
            draft.rename(path)
        except OSError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        finally:
            draft.unlink(missing_ok=True)
        told = {"rows": written.rows, "path": path, "hash": written.sha256}
        self.stdout.write(_("%(rows)s entries in %(path)s, SHA-256 %(hash)s") % told)

    def _to_standard_output(self, selection: Selection, form: Form, line: str) -> None:
        with nameless() as file:
            self._written(selection, form, line, file)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()

    def _written(self, selection: Selection, form: Form, line: str, file: BinaryIO) -> Written:
        written = write(selection, form, file)
        record_export(written, form, selection=selection, line=line, by=the_shell())
        return written
