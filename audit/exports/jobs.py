"""Large exports in the background. The rows say what is to be done; a wake-up call only makes it happen sooner."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from audit.events import Events
from audit.exports.files import has_room, new_file
from audit.exports.forms import Form
from audit.exports.models import (
    KEPT_FOR,
    KEYS_LIVE,
    LEASE_LASTS,
    MOST_ATTEMPTS,
    MOST_UNFINISHED,
    ExportJob,
    State,
)
from audit.exports.recording import record_export
from audit.exports.rows import Selection
from audit.exports.writing import Written, write
from audit.initiators import Initiator
from audit.record import Target, record

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0


class TooManyExports(Exception):
    """Somebody has as many exports under way as anybody may."""


class KeyReused(Exception):
    """The same caller asked for something else under this order key, within a day."""


class NotThere(Exception):
    """There is no file to fetch: not yet, not any more, or it never came to be."""


class NotAllowedAnyMore(Exception):
    """Whoever asked may not read the trail any more, or not in this way. The message says why."""


class NoRoom(Exception):
    """The disk is nearly full."""


class LostJob(Exception):
    """It was cancelled, or somebody else works on it by now: what was written so far is worth nothing."""


@dataclass(frozen=True, kw_only=True)
class Commission:
    """What a job's file is to hold, and in whose name it is written. The door that was asked knows both.

    `rights` are whatever the door has to look at again before it hands out the file.
    """

    selection: Selection
    by: Initiator
    rights: tuple[str, ...] = ()


Commissioner = Callable[[ExportJob], Commission]


def ask(form: Form, *, line: str, with_notes: bool, by: Initiator, order_key: str = "") -> ExportJob:
    """Keep the wish and wake a worker once it is committed. Raises TooManyExports.

    A repeat with the same order key is answered with the first job, for a day; another wish under it raises
    KeyReused.
    """
    wish = {"form": form.value, "line": line, "has_notes": with_notes, "order_key": order_key}
    with transaction.atomic():
        for _attempt in range(MOST_UNFINISHED + 1):
            if known := _answer_to_repeat(wish, by=by):
                return known
            if job := _kept(wish, by=by):
                _announce(job, by=by)
                return job
        raise TooManyExports


def _answer_to_repeat(wish: dict[str, Any], *, by: Initiator) -> ExportJob | None:
    """The job that the same caller's order key led to, or None. Raises KeyReused for another wish."""
    if not wish["order_key"]:
        return None
    of_key = ExportJob.objects.asked_by(by).filter(order_key=wish["order_key"])
    of_key.filter(asked_at__lt=timezone.now() - KEYS_LIVE).update(order_key="")
    known = of_key.first()
    if known and any(getattr(known, name) != value for name, value in wish.items()):
        raise KeyReused
    return known


def _kept(wish: dict[str, Any], *, by: Initiator) -> ExportJob | None:
    """The new job; None where another one in the same name took its slot or its key at the same moment."""
    slot = _free_slot(by)
    try:
        with transaction.atomic():
            return ExportJob.objects.create(
                **wish,
                slot=slot,
                initiator_kind=by.kind.value,
                initiator_id=by.id,
                initiator_roles=",".join(sorted(map(str, by.roles))),
                door=by.door.value,
                cid=by.correlation_id,
                woken_at=timezone.now(),
            )
    except IntegrityError:
        return None


def _free_slot(by: Initiator) -> int:
    """Raises TooManyExports."""
    taken = list(ExportJob.objects.asked_by(by).unfinished().values_list("slot", flat=True))
    if len(taken) >= MOST_UNFINISHED:
        raise TooManyExports
    return min(set(range(1, MOST_UNFINISHED + 1)) - set(taken))


def _announce(job: ExportJob, *, by: Initiator) -> None:
    record(
        Events.EXPORT_ASKED,
        initiator=by,
        target=_target_of(job),
        details={"form": job.form, "with_notes": job.has_notes},
        personal={"filter": job.line} if job.line else None,
    )
    transaction.on_commit(partial(wake, job.pk), robust=True)


def cancel(job: ExportJob, *, by: Initiator) -> bool:
    """Whoever works on it notices within a second. False where it was finished already."""
    with transaction.atomic():
        unfinished = ExportJob.objects.filter(pk=job.pk).unfinished()
        cancelled = unfinished.update(state=State.CANCELLED, finished_at=timezone.now(), holder="")
        if cancelled:
            record(Events.EXPORT_CANCELLED, initiator=by, target=_target_of(job))
    return bool(cancelled)


def _target_of(job: ExportJob) -> Target:
    return Target(kind="export", id=str(job.pk), label="")


def wake(job_id: uuid.UUID) -> None:
    """Call a worker. Nothing depends on it: the clock finds what nobody took."""
    if settings.EXPORT_WAKE:
        import_string(settings.EXPORT_WAKE)(job_id)


def fetch_file(job: ExportJob, *, by: Initiator) -> BinaryIO:
    """The finished file, once the entry that it was fetched is written; each time. Raises NotThere."""
    if job.state != State.READY or job.has_expired:
        raise NotThere
    try:
        file = job.path.open("rb")
    except FileNotFoundError as error:
        raise NotThere from error
    try:
        _record_fetch(job, by=by)
    except BaseException:
        file.close()
        raise
    return file


def _record_fetch(job: ExportJob, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.EXPORT_FETCHED,
            initiator=by,
            target=_target_of(job),
            details={"rows": job.rows_done, "form": job.form, "sha256": job.sha256},
        )


# --- Doing the work -------------------------------------------------------------------------------


def run_everything_waiting() -> int:
    """Every job that nobody works on, one after another; returns how many were finished."""
    done = 0
    for job_id in list(ExportJob.objects.free().order_by("asked_at").values_list("pk", flat=True)):
        done += run(job_id)
    return done


def run(job_id: uuid.UUID) -> bool:
    """Write the file of one job, if nobody else does. Any number of calls for one job write it once.

    1. Take the lease. 2. Look up what whoever asked may read now. 3. Write a draft, renewing the lease; a
    cancelled job ends here, and so does one that would fill the disk. 4. "Ready", the entry and the file's name are
    one transaction: whoever lost the job meanwhile does not touch the file of the other who finished it.

    Killed at any moment it leaves a lease that runs out, and a file that the next one replaces or the sweeper deletes.
    """
    job = _claimed(job_id)
    if job is None:
        return False
    draft = job.path.with_name(f"{job.pk}.{uuid.uuid4().hex}.draft")
    try:
        return _carry_out(job, draft)
    except LostJob:
        return False
    except NotAllowedAnyMore as refusal:
        _give_up(job, str(refusal))
    except NoRoom:
        _give_up(job, _("The disk is nearly full. Ask again once there is room."))
    except Exception:  # a worker outlives every job; the row says what became of it
        logger.exception("export %s failed", job.pk)
        _try_again_or_give_up(job)
    finally:
        draft.unlink(missing_ok=True)
    return False


def _claimed(job_id: uuid.UUID) -> ExportJob | None:
    """The job, held by us; None where somebody else has it, or nothing is left to do."""
    holder = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    free = ExportJob.objects.free().filter(pk=job_id)
    worn_out = free.filter(attempts__gte=MOST_ATTEMPTS)
    if worn_out.update(state=State.FAILED, why=_worn_out(), finished_at=timezone.now(), holder=""):
        return None
    taken = free.update(
        state=State.RUNNING,
        holder=holder,
        lease_until=timezone.now() + LEASE_LASTS,
        attempts=F("attempts") + 1,
        rows_done=0,
    )
    return ExportJob.objects.get(pk=job_id) if taken else None


def _carry_out(job: ExportJob, draft: Path) -> bool:
    commission = commission_of(job)
    _held(job, rows_total=commission.selection.count())
    with new_file(draft) as file:
        written = write(commission.selection, Form(job.form), file, on_progress=_Heartbeat(job))
        file.flush()
        os.fsync(file.fileno())
    _finish(job, draft, written, commission)
    return True


def commission_of(job: ExportJob) -> Commission:
    """What the door that was asked makes of it. Raises NotAllowedAnyMore."""
    commissioner: Commissioner = import_string(settings.EXPORT_COMMISSIONER)
    return commissioner(job)


class _Heartbeat:
    """Tells how far it is and renews the lease, at most once a second. Raises LostJob and NoRoom."""

    def __init__(self, job: ExportJob) -> None:
        self._job = job
        self._due = 0.0

    def __call__(self, rows_done: int) -> None:
        if time.monotonic() >= self._due:
            if not has_room():
                raise NoRoom
            _held(self._job, rows_done=rows_done)
            self._due = time.monotonic() + HEARTBEAT_SECONDS


def _held(job: ExportJob, **changes: Any) -> None:
    """Changes the row if it is still ours, and holds it for longer. Raises LostJob."""
    ours = ExportJob.objects.filter(pk=job.pk, state=State.RUNNING, holder=job.holder)
    if not ours.update(**{"lease_until": timezone.now() + LEASE_LASTS, **changes}):
        raise LostJob


def _finish(job: ExportJob, draft: Path, written: Written, commission: Commission) -> None:
    now = timezone.now()
    with transaction.atomic():
        _held(
            job,
            state=State.READY,
            rows_total=written.rows,
            rows_done=written.rows,
            size=written.size,
            sha256=written.sha256,
            finished_at=now,
            expires_at=now + KEPT_FOR,
            rights=list(commission.rights),
            holder="",
        )
        record_export(
            written, Form(job.form), selection=commission.selection, line=job.line, by=commission.by
        )
        draft.rename(job.path)


def _give_up(job: ExportJob, why: str) -> None:
    ours = ExportJob.objects.filter(pk=job.pk, state=State.RUNNING, holder=job.holder)
    ours.update(state=State.FAILED, why=why[:200], finished_at=timezone.now(), holder="")


def _try_again_or_give_up(job: ExportJob) -> None:
    if job.attempts >= MOST_ATTEMPTS:
        _give_up(job, _worn_out())
        return
    ours = ExportJob.objects.filter(pk=job.pk, state=State.RUNNING, holder=job.holder)
    ours.update(state=State.WAITING, holder="")


def _worn_out() -> str:
    return _("It was tried %d times. The log of the worker says why it failed.") % MOST_ATTEMPTS
