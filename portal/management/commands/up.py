"""`manage.py up`: everything Curfew needs on one machine, in one terminal."""

import contextlib
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from audit.errors import UnknownSigningKey
from portal.starting import embedded_redis, preparation, supervisor
from portal.starting.ports import NoFreePort
from portal.starting.start_lock import AlreadyRunning

EXPECTED = (
    supervisor.StartFailed,
    embedded_redis.NoServerBinary,
    embedded_redis.ServerWillNotStop,
    embedded_redis.UnsafeSocketFolder,
    preparation.DatabaseUnreachable,
    preparation.DemoCompanyThere,
    NoFreePort,
    UnknownSigningKey,
)


class Command(BaseCommand):
    help = "Start Redis (unless REDIS_URL is set), web and clock, and keep them running until Ctrl-C."
    requires_system_checks: list[str] = []  # the checks of migrate, run by us, are enough

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reload", action="store_true", help="Restart when a source file changes.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            supervisor.run(say=self.say, reload=options["reload"])
        except AlreadyRunning as running:
            where = running.address or _("an address it has not said yet")
            raise CommandError(_("Curfew is already running at %s.") % where) from None
        except EXPECTED as error:
            raise CommandError(str(error)) from error

    def say(self, line: str) -> None:
        """Print a line; a terminal that was closed is no reason to stop."""
        with contextlib.suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()
