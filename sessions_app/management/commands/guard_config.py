"""manage.py guard_config: what a guard elsewhere needs to know, as JSON."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sessions_app.management.guard_file import guard_file, keep_written


class Command(BaseCommand):
    help = (
        "Prints the environment's name and every issuer's profile as JSON, for the guard in a service "
        "(`load_profiles(path)`). It contains public keys only. Print it again after changing an issuer, or "
        "use --watch: keys that are fetched by address count for a day, so a file nobody renews closes the guard."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--watch", metavar="FILE", type=Path, help="write FILE, and again whenever an issuer changes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["watch"] is None:
            self.stdout.write(guard_file(), ending="")
            return
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_args: stop.set())
        keep_written(options["watch"], stop=stop)
