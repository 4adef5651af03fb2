"""manage.py rotate_audit_key: a new key for the trail's signatures, vouched for by the old one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit.errors import UnknownSigningKey
from audit.initiators import the_shell
from audit.key_rotation import begin_anew, is_known, reads_from_data_folder, rotate_key
from audit.models import TrailKey
from audit.signing import fingerprint, grouped

BAD_INPUT = 2


class Command(BaseCommand):
    help = (
        "Draws a new key for checkpoints, receipts and exports; the present key signs over it, and what it signed "
        "stays good. Prints the new fingerprint, which auditors must be given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--into",
            type=Path,
            metavar="FILE",
            help=_(
                "where to write the new key; needed where AUDIT_SIGNING_KEY is set, which you change then"
            ),
        )
        parser.add_argument(
            "--old-key-is-lost",
            action="store_true",
            help=_("make the present key known without the old one; the verifier will say so for ever"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        key = self.begun_anew() if options["old_key_is_lost"] else self.rotated(options["into"])
        shown = grouped(fingerprint(bytes(key.public_key)))
        self.stdout.write(_("Key %(number)s, fingerprint %(shown)s") % {"number": key.number, "shown": shown})
        if options["into"]:
            self.stdout.write(_("Set AUDIT_SIGNING_KEY_FILE to %s and restart.") % options["into"])

    def begun_anew(self) -> TrailKey:
        if is_known():
            raise CommandError(_("The present key is known; nothing is lost."), returncode=BAD_INPUT)
        return begin_anew(by=the_shell())

    def rotated(self, into: Path | None) -> TrailKey:
        if into is None and not reads_from_data_folder():
            raise CommandError(_("Say with --into where to write the new key."), returncode=BAD_INPUT)
        try:
            return rotate_key(by=the_shell(), into=into)
        except UnknownSigningKey as unknown:
            raise CommandError(str(unknown), returncode=BAD_INPUT) from unknown
        except FileExistsError as error:
            raise CommandError(_("%s is there already.") % error, returncode=BAD_INPUT) from error
