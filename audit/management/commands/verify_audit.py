"""manage.py verify_audit: check the trail in the database, or a signed bundle of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit.initiators import the_shell
from audit.models import Verification
from audit.signing import verified
from audit.verification import begin, report_of, run_to_the_end
from audit.verifier import (
    Report,
    Unreadable,
    as_json,
    as_text,
    check_bundle,
    fingerprint_from,
    outside_records,
)

WRONG, BAD_INPUT = 1, 2


class Command(BaseCommand):
    help = (
        "Checks every entry, the chain, the checkpoints and their signatures: of this trail, or of a signed bundle. "
        "The same for a bundle does the stand-alone script that lies in it."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        epilog = _("Exit codes: 0 nothing wrong was found, 1 something is wrong, 2 it could not be checked.")
        return super().create_parser(prog_name, subcommand, epilog=epilog, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, help=_("a signed bundle, zip or folder; this trail without")
        )
        parser.add_argument(
            "--key-fingerprint",
            default="",
            metavar="F",
            help=_("of the key that must have signed; without it only “intact, signer not checked” is said"),
        )
        parser.add_argument(
            "--checkpoints",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help=_("checkpoints kept outside, for a bundle (repeatable)"),
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help=_("print the result as JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self.report(options)
        except (Unreadable, OSError) as error:
            raise CommandError(_("Could not be checked: %s") % error, returncode=BAD_INPUT) from error
        self.stdout.write(as_json(report) if options["as_json"] else as_text(report))
        if report.findings.count:
            sys.exit(WRONG)

    def report(self, options: dict[str, Any]) -> Report:
        """Raises Unreadable, or OSError."""
        fingerprint = fingerprint_from(options["key_fingerprint"])
        if options["file"]:
            outside = outside_records(options["checkpoints"])
            return check_bundle(options["file"], fingerprint=fingerprint, outside=outside, verify=verified)
        by = the_shell()
        verification = begin(asked_by=by, fingerprint=fingerprint)
        return report_of(run_to_the_end(verification, by=by, tell=self.tell))

    def tell(self, verification: Verification) -> None:
        """A line that is written over, and only where somebody looks."""
        if self.stderr.isatty():
            done = _("%(done)s of %(all)s") % {"done": verification.checked, "all": verification.until}
            self.stderr.write(f"\r{done}", ending="\n" if verification.finished_at else "")
