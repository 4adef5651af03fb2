"""manage.py worker: work in the background until stopped."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

BAD_INPUT = 2


class Command(BaseCommand):
    help = (
        "Writes large exports in the background, called by BROKER_URL. Start any number of them; "
        "without any, the clock sees to what is left."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BROKER_URL:
            raise CommandError(_("BROKER_URL is not set; the clock does this work."), returncode=BAD_INPUT)
        # Imported here: Celery takes half a second, which no other command needs to spend.
        from portal.celery import EXPORTS, app

        # Named, because its command line would rather take BROKER_URL from the environment, unread by us.
        quietly = ("--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")
        app.worker_main(["--broker", app.conf.broker_url, "worker", "--queues", EXPORTS, *quietly])
