"""manage.py changepassword: give somebody a password, recorded; stands in for Django's own command."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.changes.naming import find_person_by_any_name
from sessions_app.changes.newcomers import set_password
from sessions_app.management.passwords import ask_password
from sessions_app.management.shell_command import Result, ShellCommand


class Command(ShellCommand):
    help = (
        "Gives a person a password for signing in here. Sessions that are open stay open; "
        "`manage.py revoke` ends them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "name", metavar="NAME", help=_("user name, e-mail, external id or employee number")
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help=_("read the password from standard input")
        )

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        user = find_person_by_any_name(options["name"])
        set_password(user, ask_password(from_stdin=options["password_stdin"]), by=by)
        line = _("%s has a new password.") % user.username
        return Result(line=line, facts={"person": user.username})
