"""manage.py reset_second_factor: remove the second factor somebody has lost, recorded with the reason."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Target, record
from sessions_app.changes.naming import find_person_by_any_name
from sessions_app.management.shell_command import BadInput, Result, ShellCommand

SHORTEST_REASON = 3


class Command(ShellCommand):
    help = (
        "Removes the passkeys, the authenticator app and the recovery codes of somebody who has lost them. "
        "Whoever holds a role sets up a new one at the next sign-in. Make sure first who is asking."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "name", metavar="NAME", help=_("user name, e-mail, external id or employee number")
        )
        parser.add_argument(
            "--reason", required=True, metavar="TEXT", help=_("why, in at least 3 characters")
        )

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        user, reason = find_person_by_any_name(options["name"]), options["reason"].strip()
        if len(reason) < SHORTEST_REASON:
            raise BadInput(_("Say why, in at least 3 characters."))
        with transaction.atomic():
            removed, _rows = Authenticator.objects.filter(user=user).delete()
            if not removed:
                raise BadInput(_("%s has no second factor.") % user.username)
            target = Target.of(user, label=user.display_name)
            record(Events.SECOND_FACTOR_RESET, initiator=by, target=target, personal={"note": reason})
        return Result(
            line=_("The second factor of %s is removed.") % user.username, facts={"person": user.username}
        )
