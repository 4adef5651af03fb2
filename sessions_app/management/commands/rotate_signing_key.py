"""manage.py rotate_signing_key: a new key for the built-in authorization server, published before it signs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.management.shell_command import Result, ShellCommand
from sessions_app.tokens.own_issuer import prepare_own_issuer
from sessions_app.tokens.signing import rotate_key


class Command(ShellCommand):
    help = (
        "Publishes a new signing key now; it signs an hour later, and what the old one signed stays good until it "
        "ends. The clock does this by itself every 90 days."
    )
    exit_codes = _("Exit codes: 0 done.")

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        key = rotate_key(prepare_own_issuer(by=by), by=by)
        moment = key.signs_from.isoformat(timespec="seconds")
        line = _("Key %(kid)s is published and signs from %(moment)s.") % {"kid": key.kid, "moment": moment}
        return Result(line=line, facts={"kid": key.kid, "signs_from": key.signs_from.isoformat()})
