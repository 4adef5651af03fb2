"""Calling a command as a shell would: what it printed, and with which code it ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command


@dataclass(frozen=True, kw_only=True)
class Ran:
    code: int
    out: str
    error: str = ""

    def json(self) -> Any:
        return json.loads(self.out)


def ran(*words: str) -> Ran:
    """`manage.py word word ...`"""
    out = StringIO()
    try:
        call_command(*words, stdout=out, stderr=StringIO())
    except CommandError as error:
        return Ran(code=error.returncode, out=out.getvalue(), error=str(error))
    except SystemExit as ended:
        return Ran(code=int(ended.code or 0), out=out.getvalue())
    return Ran(code=0, out=out.getvalue())
