"""manage.py oauth_client: make, list, switch and re-key the programs that may ask for tokens."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.changes.oauth_clients import (
    ClientFacts,
    create_client,
    draw_new_secret,
    switch_off,
    switch_on,
)
from sessions_app.management.shell_command import BadInput, Result, ShellCommand
from sessions_app.models import Application, OAuthClient


class Command(ShellCommand):
    help = (
        "create ID --name NAME --redirect-uri URI ...: registers a client and prints its secret once, on the last "
        "line. list: what exists. secret ID: draws a new secret. off ID, on ID: switches it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["create", "list", "secret", "off", "on"])
        parser.add_argument("client_id", nargs="?", default="", metavar="ID")
        parser.add_argument("--name", default="")
        parser.add_argument("--redirect-uri", action="append", default=[], metavar="URI")
        parser.add_argument("--audience", action="append", default=[], metavar="AUDIENCE")
        parser.add_argument("--scope", action="append", default=[], metavar="SCOPE")
        parser.add_argument("--application", default="", metavar="KEY")
        parser.add_argument(
            "--public", action="store_true", help=_("has no secret (an app, a page's script)")
        )
        parser.add_argument("--for-itself", action="store_true", help=_("client credentials"))
        parser.add_argument("--may-introspect", action="store_true")
        parser.add_argument("--trusted", action="store_true", help=_("nobody is asked for consent"))

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        if options["what"] == "list":
            return _listed()
        if options["what"] == "create":
            return _created(by, options)
        client = OAuthClient.objects.filter(client_id=options["client_id"]).first()
        if client is None:
            raise BadInput(_("No client has this id. `oauth_client list` shows them."))
        return _changed(by, client, options["what"])


def _created(by: Initiator, options: dict[str, Any]) -> Result:
    application = Application.objects.filter(key=options["application"]).first()
    if options["application"] and application is None:
        raise BadInput(_("No application of this key is configured."))
    facts = ClientFacts(
        client_id=options["client_id"],
        name=options["name"] or options["client_id"],
        is_confidential=not options["public"],
        for_itself=options["for_itself"],
        application=application,
        redirect_uris=tuple(options["redirect_uri"]),
        audiences=tuple(options["audience"]),
        allowed_scopes=tuple(options["scope"]),
        may_introspect=options["may_introspect"],
        is_trusted=options["trusted"],
    )
    made = create_client(facts, by=by)
    told = {**_facts(made.client), "secret": made.secret}
    if not made.secret:
        return Result(line=_("%s is registered. It has no secret.") % made.client.client_id, facts=told)
    line = _("%s is registered. This is its secret, shown only now:") % made.client.client_id
    return Result(line=f"{line}\n{made.secret}", facts=told)


def _changed(by: Initiator, client: OAuthClient, what: str) -> Result:
    if what == "secret":
        secret = draw_new_secret(client, by=by)
        line = _("The old secret proves nothing any more. This is the new one, shown only now:")
        return Result(line=f"{line}\n{secret}", facts={**_facts(client), "secret": secret})
    (switch_off if what == "off" else switch_on)(client, by=by)
    client.refresh_from_db()
    words = _("%s gets no tokens any more.") if client.disabled_at else _("%s gets tokens again.")
    return Result(line=words % client.client_id, facts=_facts(client))


def _listed() -> Result:
    clients = list(OAuthClient.objects.order_by("client_id"))
    lines = [
        "  ".join([each.client_id, "off" if each.disabled_at else "on", each.client_type, each.name])
        for each in clients
    ]
    return Result(
        line="\n".join(lines) or _("There are no clients."), facts={"clients": [_facts(e) for e in clients]}
    )


def _facts(client: OAuthClient) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "type": client.client_type,
        "redirect_uris": client.redirect_uris.split(),
        "audiences": client.audiences,
        "disabled_at": client.disabled_at.isoformat() if client.disabled_at else None,
    }
