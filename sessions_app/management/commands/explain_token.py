"""manage.py explain_token: which claim of a token is read as what, and what the guard says."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.blacklist.verdict import Outcome, Verdict
from sessions_app.management.shell_command import BadInput, ExitCode, Result, ShellCommand
from sessions_app.tokens.explanation import Explanation, explain_token


class Command(ShellCommand):
    help = (
        "Shows how a token is read, claim by claim, and what the guard would answer. The token comes from "
        "standard input, so that it stands in no list of processes and no history. It is never stored."
    )
    exit_codes = _("Exit codes: 0 the token could be read, 2 it is invalid or there is none.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("source", nargs="?", choices=["-"], default="-", help=_("-: standard input"))

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        if sys.stdin.isatty():
            self.stderr.write(_("Paste the token, then press Enter:"))
        token = sys.stdin.readline(100_000).strip()
        if not token:
            raise BadInput(_("There was no token on standard input."))
        explained = explain_token(token, by=by)
        is_readable = explained.verdict.outcome is not Outcome.INVALID
        return Result(
            line="\n".join([*_table(explained), _sentence(explained.verdict)]),
            facts={"rows": [row._asdict() for row in explained.rows], "verdict": _facts(explained.verdict)},
            exit_code=ExitCode.DONE if is_readable else ExitCode.BAD_INPUT,
        )


def _table(explained: Explanation) -> list[str]:
    rows = [tuple(str(cell) for cell in row) for row in explained.rows]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]


def _sentence(verdict: Verdict) -> str:
    cause = f" ({verdict.cause})" if verdict.cause else ""
    receipt = f", {verdict.receipt}" if verdict.receipt else ""
    return _("The guard says: %s") % f"{verdict.outcome.value.upper()}{cause}{receipt}"


def _facts(verdict: Verdict) -> dict[str, str]:
    return {"outcome": verdict.outcome.value, "cause": verdict.cause, "receipt": verdict.receipt}
