"""One loop, once a second, under the lease: publish, beat, renew; and hands beside it for what may take longer.

Sufficient on its own: whatever a request left undone is done here.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from threading import Event, Thread
from typing import TypeVar

from django.db import DatabaseError, close_old_connections, connection

from audit import log_lines
from audit.exports.sweeping import sweep as sweep_exports
from audit.initiators import the_clock
from audit.sealing import Sealing
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.approvals import close_what_was_overtaken, lapse_what_is_old
from sessions_app.changes.end_project import end_what_is_due, settle_endings
from sessions_app.changes.leavings import let_people_leave
from sessions_app.changes.project_checks import run_what_is_due
from sessions_app.changes.roles import expire_roles
from sessions_app.changes.wrong_person import settle_corrections
from sessions_app.notifications import mail
from sessions_app.notifications.notices import queue_notices, send_notices
from sessions_app.personal_data.retention import forget_what_is_old
from sessions_app.revocation import gate, many, sweeper
from sessions_app.revocation.confirmations import note_absent_sign_ins
from sessions_app.revocation.health import CLOCK_LEASE
from sessions_app.revocation.receipt_versions import sign_what_is_owed
from sessions_app.revocation.reconcile import reconcile
from sessions_app.scheduled.lease import LEASE_LASTS, give_back, take_or_renew
from sessions_app.tokens.own_issuer import rotate_own_key
from sessions_app.tokens.profiles import key_fetching

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
RECONCILE_SECONDS = 60.0
KEY_SECONDS = 60.0
RENEW_SECONDS = 10.0  # well within half the life of the shortest entry there can be
EXPIRE_SECONDS = 10.0
CARRY_ON_SECONDS = 3.0  # between two looks whether this clock still leads
CHECK_SECONDS = 2.0
SEAL_SECONDS = 0.4  # an entry has its place in the chain within a second of its commit
FETCH_SECONDS = 300.0
EXPORT_SECONDS = 5.0
FORGET_SECONDS = 600.0
SIGN_SECONDS = 2.0
MAIL_SECONDS = 5.0  # between two rounds of sending
QUEUE_SECONDS = 30.0
SEND_SECONDS = 30.0

THE_CLOCK = the_clock()


# In this order: what is due is decided, then carried out, then looked at. Each takes a few seconds at most.
WHAT_PEOPLE_AGREED: tuple[Callable[[], object], ...] = (
    partial(let_people_leave, by=THE_CLOCK),
    partial(lapse_what_is_old, by=THE_CLOCK),
    partial(end_what_is_due, by=THE_CLOCK),
    partial(close_what_was_overtaken, by=THE_CLOCK),
    partial(many.carry_on_all, by=THE_CLOCK, seconds=CARRY_ON_SECONDS, left_alone=many.PATIENCE),
    settle_endings,
    settle_corrections,
    partial(run_what_is_due, by=THE_CLOCK, seconds=CHECK_SECONDS),
)


# What keeps the rest in order, and how many seconds lie between two turns of it.
UPKEEP: tuple[tuple[str, float, Callable[[], object]], ...] = (
    ("receipts", SIGN_SECONDS, sign_what_is_owed),
    ("expire", EXPIRE_SECONDS, partial(expire_roles, by=THE_CLOCK)),
    ("compare", EXPIRE_SECONDS, partial(note_absent_sign_ins, by=THE_CLOCK)),
    ("keys", KEY_SECONDS, partial(rotate_own_key, by=THE_CLOCK)),
    ("forget", FORGET_SECONDS, partial(forget_what_is_old, by=THE_CLOCK)),
    ("issuers' keys", FETCH_SECONDS, key_fetching.every_issuer),
    ("exports", EXPORT_SECONDS, sweep_exports),
)

Answer = TypeVar("Answer")
Counted = Callable[["Clock"], int]


def while_leading(failed: str) -> Callable[[Counted], Counted]:
    """Work that is done only while this clock leads, and never fails: the next turn tries again. Returns how much."""

    def decorate(work: Counted) -> Counted:
        @wraps(work)
        def guarded(clock: Clock) -> int:
            if not clock.leads():
                return 0
            try:
                return work(clock)
            except Exception:  # the loop outlives every failure
                logger.exception("%s; trying again", failed)
                return 0

        return guarded

    return decorate


class Clock:
    """Holds what one run of the loop remembers. Losing it costs nothing: all truth is in SQL."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._due: dict[str, float] = {}
        self._leads_until = 0.0
        self._sealing = Sealing()
        self._log = log_lines.LogLines()

    def run(self, stop: Event) -> None:
        """Beat until told to stop. No failure of the database, the blacklist or one task ends the loop.

        Whatever may take longer than a beat has a thread of its own: the markers' heartbeat waits for none of it, and
        none of it for a blacklist that answers late.
        """
        hands = [
            Thread(target=self._turn, args=(stop, seconds, work), name=name, daemon=True)
            for name, seconds, work in self._hands()
        ]
        for hand in hands:
            hand.start()
        while not stop.is_set():
            began = time.monotonic()
            close_old_connections()
            self.beat()
            stop.wait(max(0.05, BEAT_SECONDS - (time.monotonic() - began)))
        self._let_go(hands)

    def _let_go(self, hands: Sequence[Thread]) -> None:
        """Once the hands rest, or after a second; a lease that cannot be given back runs out by itself."""
        until = time.monotonic() + BEAT_SECONDS
        for hand in hands:
            hand.join(timeout=max(0.0, until - time.monotonic()))
        try:
            give_back(CLOCK_LEASE, holder=self.holder)
        except DatabaseError:
            logger.exception("the lease was not given back; it runs out by itself")

    def _hands(self) -> Iterator[tuple[str, float, Callable[[], object]]]:
        yield "sealing", SEAL_SECONDS, self.seal
        yield "many people", BEAT_SECONDS, self.carry_on
        yield "upkeep", BEAT_SECONDS, self.look_after
        yield "reconciling", BEAT_SECONDS, self.compare
        if mail.is_configured():
            yield "mail", MAIL_SECONDS, self.send_mail
        if log_lines.is_wanted():
            yield "log lines", SEAL_SECONDS, self.write_log

    def _turn(self, stop: Event, seconds: float, work: Callable[[], object]) -> None:
        while not stop.wait(seconds):
            close_old_connections()
            work()
        connection.close()

    def leads(self) -> bool:
        """Whether the lease it last took still holds."""
        return time.monotonic() < self._leads_until

    def beat(self) -> bool:
        """What keeps the gate open and what a request left undone; False if another clock leads, or if it failed."""
        try:
            asked_at = time.monotonic()
            fence = take_or_renew(CLOCK_LEASE, holder=self.holder)
            if fence is None:
                self._leads_until = 0.0
                return False
            self._leads_until = asked_at + LEASE_LASTS.total_seconds()
            self._work(fence)
        except gate.FencedOff:
            logger.warning("another clock has taken over")
            return False
        except Exception:  # the loop outlives every failure; the next beat tries again
            logger.exception("this beat failed; trying again in a second")
            return False
        return True

    def _work(self, fence: int) -> None:
        try:
            self._every("renew", RENEW_SECONDS, sweeper.renew_what_lasts)
            sweeper.publish_what_lasts()
            gate.keep(fence=fence, by=THE_CLOCK)
            sweeper.sweep(by=THE_CLOCK)
            sweeper.publish_the_rest()
        except BlacklistUnavailable as failure:
            logger.warning("the blacklist does not answer: %s", failure)
            gate.note_unreachable(failure, fence=fence)

    @while_leading("the trail was not sealed")
    def seal(self) -> int:
        """Seals what waits; returns how many entries."""
        return self._sealing.work(seconds=SEAL_SECONDS)

    @while_leading("entries were not written out")
    def write_log(self) -> int:
        """Writes out what was sealed; returns how many lines."""
        return self._log.write_out(seconds=BEAT_SECONDS)

    @while_leading("reminders were not sent")
    def send_mail(self) -> int:
        """Queues and sends reminders; returns how many went out."""
        self._every("reminders", QUEUE_SECONDS, queue_notices)
        return send_notices(seconds=SEND_SECONDS)

    @while_leading("the blacklist was not compared with SQL")
    def compare(self) -> int:
        """Once a minute; returns how many entries were missing and are back."""
        return self._every("reconcile", RECONCILE_SECONDS, partial(reconcile, by=THE_CLOCK)) or 0

    def carry_on(self) -> None:
        """Ends what is due, goes on with what is decided about many, and looks after what follows from it."""
        for work in WHAT_PEOPLE_AGREED:
            self._try(work)

    def look_after(self) -> None:
        """Whatever of the upkeep is due."""
        for name, seconds, work in UPKEEP:
            self._try(partial(self._every, name, seconds, work))

    def _try(self, work: Callable[[], object]) -> None:
        """Each for itself: one that fails is tried again in the next turn and does not hold up the others."""
        if not self.leads():
            return
        try:
            work()
        except Exception:  # the loop outlives every failure
            logger.exception("not done, trying again: %s", work)

    def _every(self, name: str, seconds: float, work: Callable[[], Answer]) -> Answer | None:
        """Do it if it is due. One that raises stays due."""
        now = time.monotonic()
        if now < self._due.get(name, 0.0):
            return None
        answer = work()
        self._due[name] = now + seconds
        return answer
