"""manage.py clock: run the clock until stopped."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.revocation.server_check import fatal_problems
from sessions_app.scheduled.clock import Clock


class Command(BaseCommand):
    help = (
        "Runs the clock: publishes what is decided but not cut off, keeps the blacklist's markers fresh, "
        "repairs drift. Start it anywhere and more than once; one at a time holds the lease."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = fatal_problems()
        if wrong:
            raise CommandError(" ".join(wrong))
        stop = Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        Clock().run(stop)
