"""What the commands that change something have in common: who asks, what is printed, which exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator, the_shell
from sessions_app.changes.errors import ChangeRefused
from sessions_app.revocation.errors import OrderRefused


class ExitCode(IntEnum):
    """What a script can tell apart."""

    DONE = 0
    BAD_INPUT = 2
    NOT_CUT_OFF = 3


@dataclass(frozen=True, kw_only=True)
class Result:
    """What happened: `line` for people, `facts` for `--json`."""

    line: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    exit_code: ExitCode = ExitCode.DONE


class BadInput(CommandError):
    """What was typed cannot be carried out; nothing was changed."""

    def __init__(self, sentence: object) -> None:
        super().__init__(str(sentence), returncode=ExitCode.BAD_INPUT)


class ShellCommand(BaseCommand):
    """Prints one result, as a line or as JSON. Every refusal is bad input, with its sentence on standard error."""

    exit_codes = _("Exit codes: 0 done, 2 bad input (nothing changed), 3 decided but not yet cut off.")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=self.exit_codes, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help=_("print the result as JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self.carry_out(the_shell(), **options)
        except (ChangeRefused, OrderRefused) as refusal:
            raise BadInput(refusal) from refusal
        as_json = options["as_json"]
        self.stdout.write(json.dumps(result.facts, default=str) if as_json else result.line)
        if result.exit_code:
            sys.exit(result.exit_code)

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        """The command itself. Raises ChangeRefused, OrderRefused or BadInput."""
        raise NotImplementedError
