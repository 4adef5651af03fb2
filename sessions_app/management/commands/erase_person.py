"""manage.py erase_person: blank everything that tells who somebody was."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.changes.naming import find_person_by_any_name
from sessions_app.management.shell_command import BadInput, Result, ShellCommand
from sessions_app.personal_data.erasure import erase_person


class Command(ShellCommand):
    help = (
        "Erases a person whose access has ended: names, addresses, devices and notes go for ever, here and beside "
        "the entries of the audit trail, which stays verifiable. Nothing brings them back."
    )
    exit_codes = _("Exit codes: 0 erased, 2 refused or bad input (nothing changed).")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "name", metavar="NAME", help=_("user name, e-mail, external id or employee number")
        )
        parser.add_argument(
            "--reason", required=True, metavar="TEXT", help=_("why, in at least 3 characters")
        )
        parser.add_argument(
            "--yes", action="store_true", help=_("it cannot be undone, and that is understood")
        )

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        user = find_person_by_any_name(options["name"])
        if not options["yes"]:
            raise BadInput(_("This cannot be undone. Say --yes if %s is to be erased.") % user.username)
        counts = erase_person(user, reason=options["reason"], by=by)
        line = _("Erased; the person is %(pseudonym)s from now on. %(count)d values went.")
        told = {"pseudonym": user.pseudonym, "count": sum(counts.values())}
        return Result(line=line % told, facts={"person": user.pseudonym, **counts})
