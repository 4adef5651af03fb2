"""manage.py guard_config: what a guard elsewhere needs to know, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from sessions_app.tokens.profiles import guard_configuration


class Command(BaseCommand):
    help = (
        "Prints the environment's name and every issuer's profile as JSON, for the guard in a service "
        "(`load_profiles(path)`). It contains public keys only. Print it again after changing an issuer."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(guard_configuration(), indent=2, sort_keys=True))
