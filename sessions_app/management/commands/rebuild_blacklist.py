"""manage.py rebuild_blacklist: write the whole blacklist again from SQL, under the next generation."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.blacklist.errors import BlacklistError
from sessions_app.management.shell_command import ExitCode, Result, ShellCommand
from sessions_app.models import BlacklistState, Lease
from sessions_app.revocation import gate, sweeper
from sessions_app.revocation.health import CLOCK_LEASE
from sessions_app.scheduled.lease import give_back, take_or_renew

LOOKED_EVERY_SECONDS = 0.2


class Command(ShellCommand):
    help = (
        "Writes every entry again and reads it back; guards compare generations, so none of them can miss it. "
        "A running clock is asked to do it; without one it is done here."
    )
    exit_codes = _("Exit codes: 0 rebuilt, 3 not finished yet; the clock goes on.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--wait", type=float, default=60.0, metavar="SECONDS", help=_("how long to wait for the clock")
        )

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        before = BlacklistState.current().generation
        holder = f"rebuild:{socket.gethostname()}:{os.getpid()}"
        try:
            fence = take_or_renew(CLOCK_LEASE, holder=holder)
            if fence is None:
                _ask_the_clock(by)
                return _awaited(before, seconds=options["wait"])
            return _rebuilt_here(by, fence=fence, holder=holder)
        except BlacklistError as failure:
            return _unfinished(_("The blacklist does not answer: %s") % failure)
        except gate.FencedOff:
            return _unfinished(_("A clock has taken over and rebuilds."))


def _ask_the_clock(by: Initiator) -> None:
    """Shut the gate under the fence of whoever holds the lease: their next beat finds it shut and rebuilds.

    The markers that stand keep guards open meanwhile, so a rebuild shorter than their age limit is not felt.
    """
    fence = Lease.objects.get(name=CLOCK_LEASE).fence
    gate.shut(BlacklistState.current(), fence=fence, by=by, why="A rebuild was asked for at the shell.")


def _awaited(before: int, *, seconds: float) -> Result:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = BlacklistState.current()
        if state.is_gate_open and state.generation > before:
            return Result(
                line=_("The clock has rebuilt the blacklist: generation %d.") % state.generation,
                facts={"generation": state.generation, "by": "clock"},
            )
        time.sleep(LOOKED_EVERY_SECONDS)
    return _unfinished(_("The clock was asked, but has not finished yet."))


def _rebuilt_here(by: Initiator, *, fence: int, holder: str) -> Result:
    try:
        sweeper.renew_what_lasts()
        state = BlacklistState.current()
        count = gate.rebuild(state, fence=fence, by=by)
    finally:
        give_back(CLOCK_LEASE, holder=holder)
    told = _(
        "%(count)d entries, generation %(generation)d. No clock is running: start one, or guards close again."
    )
    return Result(
        line=told % {"count": count, "generation": state.generation},
        facts={"generation": state.generation, "entries": count, "by": "shell"},
    )


def _unfinished(sentence: str) -> Result:
    return Result(line=sentence, facts={"unfinished": sentence}, exit_code=ExitCode.NOT_CUT_OFF)
