"""Asking for a password at a terminal, or taking it from standard input."""

from __future__ import annotations

import sys
from getpass import getpass

from django.utils.translation import gettext as _

from sessions_app.management.shell_command import BadInput


def ask_password(*, from_stdin: bool) -> str:
    """The password as it was typed, twice at a terminal. Raises BadInput."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise BadInput(_("A password is needed: type it at a terminal, or give --password-stdin."))
    password = getpass(_("Password: "))
    if getpass(_("The same again: ")) != password:
        raise BadInput(_("The two passwords differ."))
    return password
