#!/usr/bin/env python
"""Django's command line for Curfew."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from portal.starting.launch import UnreadableSettings, prepare_environment

BAD_INPUT = 2

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        prepare_environment(sys.argv[1] if len(sys.argv) > 1 else "", os.environ)
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, UnreadableSettings) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(BAD_INPUT)
