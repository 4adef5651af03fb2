"""manage.py credential: make, list and revoke the credentials of machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.changes.credentials import create_credential, revoke_credential
from sessions_app.management.shell_command import BadInput, Result, ShellCommand
from sessions_app.models import MachineCredential, Scope


class Command(ShellCommand):
    help = (
        "create NAME --scope SCOPE ...: makes a credential and prints its secret once, on the last line. "
        "list: what exists, without secrets. revoke PREFIX: refuses it from the next call on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["create", "list", "revoke"])
        parser.add_argument("name", nargs="?", default="", metavar="NAME|PREFIX")
        parser.add_argument(
            "--scope", action="extend", nargs="+", default=[], choices=Scope.values, metavar="SCOPE"
        )
        parser.add_argument("--days", type=int, default=90, help=_("until it ends by itself, at most 90"))
        parser.add_argument(
            "--network",
            action="append",
            default=[],
            metavar="CIDR",
            help=_("from where it may be used; repeatable"),
        )

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        if options["what"] == "list":
            return _listed()
        if not options["name"]:
            raise BadInput(_("Give a name (create) or a prefix (revoke)."))
        return _created(by, options) if options["what"] == "create" else _revoked(by, options["name"])


def _created(by: Initiator, options: dict[str, Any]) -> Result:
    made = create_credential(
        name=options["name"],
        scopes=options["scope"],
        networks=options["network"],
        lifetime=timedelta(days=max(0, min(options["days"], 36_500))),
        by=by,
    )
    until = made.credential.expires_at.isoformat(timespec="seconds")
    told = _("%(name)s may be used until %(until)s. This is its secret, shown only now:")
    line = told % {"name": made.credential.name, "until": until}
    facts = {**_facts(made.credential), "secret": made.secret}
    return Result(line=f"{line}\n{made.secret}", facts=facts)


def _revoked(by: Initiator, prefix: str) -> Result:
    credential = MachineCredential.objects.filter(prefix=prefix).first()
    if credential is None:
        raise BadInput(_("No credential has this prefix. `credential list` shows them."))
    revoke_credential(credential, by=by)
    return Result(line=_("%s is refused from now on.") % credential.name, facts=_facts(credential))


def _listed() -> Result:
    credentials = list(MachineCredential.objects.all())
    lines = [
        "  ".join(
            [each.prefix, _state(each), each.expires_at.date().isoformat(), ",".join(each.scopes), each.name]
        )
        for each in credentials
    ]
    return Result(
        line="\n".join(lines) or _("There are no credentials."),
        facts={"credentials": [_facts(e) for e in credentials]},
    )


def _state(credential: MachineCredential) -> str:
    if credential.revoked_at:
        return _("revoked")
    return _("usable") if credential.is_usable() else _("ended")


def _facts(credential: MachineCredential) -> dict[str, Any]:
    return {
        "prefix": credential.prefix,
        "name": credential.name,
        "scopes": credential.scopes,
        "networks": credential.networks,
        "expires_at": credential.expires_at.isoformat(),
        "last_used_at": credential.last_used_at.isoformat() if credential.last_used_at else None,
        "revoked_at": credential.revoked_at.isoformat() if credential.revoked_at else None,
    }
