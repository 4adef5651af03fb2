"""manage.py gateway_config: print the nginx configuration that guards an application."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal.gateways import nginx_configuration
from sessions_app.models import EnforcementPoint


class Command(BaseCommand):
    help = "Prints an nginx configuration that asks Curfew on every request, for one enforcement point."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--point", default=EnforcementPoint.DEFAULT, help=_("registered enforcement point (%(default)s)")
        )
        parser.add_argument(
            "--application", default="http://127.0.0.1:3000", help=_("what is being guarded (%(default)s)")
        )
        parser.add_argument("--listen", default="8080", help=_("where nginx listens (%(default)s)"))
        parser.add_argument("--curfew", default="", help=_("host:port at which nginx reaches Curfew"))

    def handle(self, *args: Any, point: str, **options: Any) -> None:
        if not EnforcementPoint.objects.filter(name=point).exists():
            names = ", ".join(EnforcementPoint.objects.values_list("name", flat=True)) or _("none")
            raise CommandError(
                _(
                    "No enforcement point is called %(point)s. Registered: %(names)s. "
                    "Settings, Enforcement points adds one."
                )
                % {"point": point, "names": names},
                returncode=2,
            )
        if urlsplit(options["application"]).scheme not in ("http", "https"):
            raise CommandError(_("Give the application as http://host:port."), returncode=2)
        asked = {name: options[name] for name in ("application", "listen", "curfew")}
        self.stdout.write(nginx_configuration(point=point, **asked))
