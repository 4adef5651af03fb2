"""manage.py gateway_config: print the configuration of a proxy that guards an application."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal.gateways import Gateway, Recipe, configuration
from sessions_app.models import EnforcementPoint

SERVERS = {"nginx": Recipe.NGINX, "apache": Recipe.APACHE, "haproxy": Recipe.HAPROXY}


class Command(BaseCommand):
    help = (
        "Prints a configuration of nginx, Apache or HAProxy that asks Curfew on every request, "
        "for one enforcement point."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--server", choices=SERVERS, default="nginx", help=_("which proxy (%(default)s)"))
        parser.add_argument("--lua", action="store_true", help=_("with haproxy: the Lua file it loads"))
        parser.add_argument(
            "--point", default=EnforcementPoint.DEFAULT, help=_("registered enforcement point (%(default)s)")
        )
        parser.add_argument(
            "--application", default="http://127.0.0.1:3000", help=_("what is being guarded (%(default)s)")
        )
        parser.add_argument("--listen", default="8080", help=_("where the proxy listens (%(default)s)"))
        parser.add_argument("--curfew", default="", help=_("host:port at which the proxy reaches Curfew"))
        parser.add_argument(
            "--introspection", default="", help=_("with apache: https address to introspect at")
        )

    def handle(self, *args: Any, server: str, lua: bool, **options: Any) -> None:
        if lua and server != "haproxy":
            raise CommandError(_("Only HAProxy has a Lua file."), returncode=2)
        asked = {name: options[name] for name in ("application", "listen", "curfew", "introspection")}
        gateway = Gateway(point=_registered(options["point"]), **asked)
        if urlsplit(gateway.application).scheme not in ("http", "https"):
            raise CommandError(_("Give the application as http://host:port."), returncode=2)
        if server == "apache":
            _refuse_what_apache_cannot(gateway)
        self.stdout.write(configuration(Recipe.HAPROXY_LUA if lua else SERVERS[server], gateway))


def _registered(name: str) -> EnforcementPoint:
    point = EnforcementPoint.objects.filter(name=name).first()
    if point is None:
        names = ", ".join(EnforcementPoint.objects.values_list("name", flat=True)) or _("none")
        raise CommandError(
            _(
                "No enforcement point is called %(point)s. Registered: %(names)s. "
                "Settings, Enforcement points adds one."
            )
            % {"point": name, "names": names},
            returncode=2,
        )
    return point


def _refuse_what_apache_cannot(gateway: Gateway) -> None:
    if urlsplit(gateway.introspection_address).scheme != "https":
        raise CommandError(
            _(
                "Apache's module introspects at https addresses only. Set BASE_URL to one, "
                "or give --introspection."
            ),
            returncode=2,
        )
    if any(character in audience for audience in gateway.point.audiences for character in '"\\\n'):
        raise CommandError(_("An audience of this point cannot be written in a configuration."), returncode=2)
    if gateway.point.token_header:
        raise CommandError(
            _("Apache's module reads tokens from Authorization only, and %(point)s has them in %(header)s.")
            % {"point": gateway.point.name, "header": gateway.point.token_header},
            returncode=2,
        )
