"""One loop, once a second, under the lease: publish, beat, reconcile, renew. Sufficient on its own."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from functools import partial
from threading import Event, Thread

from django.db import close_old_connections, connection

from audit import log_lines
from audit.exports.sweeping import sweep as sweep_exports
from audit.initiators import the_clock
from audit.sealing import Sealing
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.changes.approvals import lapse_what_is_old
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
    partial(many.carry_on_all, by=THE_CLOCK, seconds=CARRY_ON_SECONDS, left_alone=many.PATIENCE),
    settle_endings,
    settle_corrections,
    partial(run_what_is_due, by=THE_CLOCK, seconds=CHECK_SECONDS),
)


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

        The trail is sealed in a thread of its own, so that a blacklist that answers late does not hold it up, and
        written out in another one, so that neither does a log that nobody takes. Decisions about many people have
        one as well: the markers' heartbeat never waits for them. Nor does it for a mail server.
        """
        sealing = Thread(target=self._keep_sealing, args=(stop,), name="sealing", daemon=True)
        sealing.start()
        Thread(target=self._keep_carrying_on, args=(stop,), name="many people", daemon=True).start()
        if mail.is_configured():
            Thread(target=self._keep_mailing, args=(stop,), name="mail", daemon=True).start()
        if log_lines.is_wanted():
            Thread(target=self._keep_logging, args=(stop,), name="log lines", daemon=True).start()
        while not stop.is_set():
            began = time.monotonic()
            close_old_connections()
            self.beat()
            stop.wait(max(0.05, BEAT_SECONDS - (time.monotonic() - began)))
        sealing.join(timeout=BEAT_SECONDS)
        give_back(CLOCK_LEASE, holder=self.holder)

    def beat(self) -> bool:
        """Everything that is due now; False while another clock holds the lease, or if it failed."""
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

    def _keep_sealing(self, stop: Event) -> None:
        while not stop.wait(SEAL_SECONDS):
            close_old_connections()
            self.seal()
        connection.close()

    def _keep_carrying_on(self, stop: Event) -> None:
        while not stop.wait(BEAT_SECONDS):
            close_old_connections()
            self.carry_on()
        connection.close()

    def _keep_mailing(self, stop: Event) -> None:
        while not stop.wait(MAIL_SECONDS):
            close_old_connections()
            self.send_mail()
        connection.close()

    def _keep_logging(self, stop: Event) -> None:
        while not stop.wait(SEAL_SECONDS):
            close_old_connections()
            self.write_log()
        connection.close()

    def write_log(self) -> int:
        """Writes out what was sealed while this clock leads; returns how many lines. Never fails, like sealing."""
        if time.monotonic() >= self._leads_until:
            return 0
        try:
            return self._log.write_out(seconds=BEAT_SECONDS)
        except Exception:  # the loop outlives every failure
            logger.exception("entries were not written out; trying again")
            return 0

    def send_mail(self) -> int:
        """Queues and sends reminders while this clock leads; returns how many went out. Never fails, like sealing."""
        if time.monotonic() >= self._leads_until:
            return 0
        try:
            self._every("reminders", QUEUE_SECONDS, queue_notices)
            return send_notices(seconds=SEND_SECONDS)
        except Exception:  # the loop outlives every failure
            logger.exception("reminders were not sent; trying again")
            return 0

    def carry_on(self) -> None:
        """Ends what is due, goes on with what is decided about many, and looks after what follows from it.

        Each for itself: one that fails is tried again in the next turn and does not hold up the others.
        """
        for work in WHAT_PEOPLE_AGREED:
            if time.monotonic() >= self._leads_until:
                return
            try:
                work()
            except Exception:  # the loop outlives every failure
                logger.exception("not done, trying again: %s", work)

    def seal(self) -> int:
        """Seals what waits while this clock leads; returns how many. Never fails: the next turn tries again."""
        if time.monotonic() >= self._leads_until:
            return 0
        try:
            return self._sealing.work(seconds=SEAL_SECONDS)
        except Exception:  # the loop outlives every failure
            logger.exception("the trail was not sealed; trying again")
            return 0

    def _work(self, fence: int) -> None:
        try:
            self._every("renew", RENEW_SECONDS, sweeper.renew_what_lasts)
            sweeper.publish_what_lasts()
            gate.keep(fence=fence, by=THE_CLOCK)
            sweeper.sweep(by=THE_CLOCK)
            sweeper.publish_the_rest()
            self._every("receipts", SIGN_SECONDS, sign_what_is_owed)
            self._every("reconcile", RECONCILE_SECONDS, lambda: reconcile(by=THE_CLOCK))
            self._every("expire", EXPIRE_SECONDS, lambda: expire_roles(by=THE_CLOCK))
            self._every("compare", EXPIRE_SECONDS, lambda: note_absent_sign_ins(by=THE_CLOCK))
            self._every("keys", RECONCILE_SECONDS, lambda: rotate_own_key(by=THE_CLOCK))
            self._every("forget", FORGET_SECONDS, lambda: forget_what_is_old(by=THE_CLOCK))
            self._every("issuers' keys", FETCH_SECONDS, key_fetching.every_issuer)
            self._every("exports", EXPORT_SECONDS, sweep_exports)
        except BlacklistUnavailable as failure:
            logger.warning("the blacklist does not answer: %s", failure)
            gate.note_unreachable(failure, fence=fence)

    def _every(self, name: str, seconds: float, work: Callable[[], object]) -> None:
        now = time.monotonic()
        if now >= self._due.get(name, 0.0):
            work()
            self._due[name] = now + seconds
