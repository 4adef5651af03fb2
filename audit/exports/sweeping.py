"""What the clock does for exports: wake workers again, work itself where there is none, delete what has expired."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from audit.exports.files import folder
from audit.exports.jobs import wake
from audit.exports.models import FORGOTTEN_AFTER, ExportJob, State

logger = logging.getLogger(__name__)

WOKEN_AGAIN_AFTER = timedelta(seconds=10)
LONELY_AFTER = timedelta(seconds=20)
ORPHAN_AFTER_SECONDS = 3600.0

_worker: list[subprocess.Popen[bytes]] = []


def sweep() -> None:
    """Cheap where nothing is to be done, so that it can be called every few seconds."""
    wake_again()
    work_where_nobody_does()
    expire()


def wake_again() -> int:
    """Another call for what is free: the first may have been lost with a broker, or the worker with its machine."""
    now = timezone.now()
    quiet = Q(woken_at=None) | Q(woken_at__lt=now - WOKEN_AGAIN_AFTER)
    forgotten = list(ExportJob.objects.free().filter(quiet).values_list("pk", flat=True))
    for job_id in forgotten:
        ExportJob.objects.filter(pk=job_id).update(woken_at=now)
        wake(job_id)
    return len(forgotten)


def work_where_nobody_does() -> bool:
    """A process of its own for what no worker took in twenty seconds: never in the clock's, which has other work."""
    if any(process.poll() is None for process in _worker):
        return False
    _worker.clear()
    now = timezone.now()
    lonely = ExportJob.objects.free().filter(
        Q(lease_until=None, asked_at__lt=now - LONELY_AFTER) | Q(lease_until__lt=now - LONELY_AFTER)
    )
    if not lonely.exists():
        return False
    command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "export_audit", "--waiting"]
    _worker.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))  # noqa: S603 - nothing of it is input
    logger.warning("no worker takes exports; working on them beside the clock")
    return True


def expire() -> int:
    """Deletes files whose time is over or whose writer died, and rows nobody needs any more."""
    now = timezone.now()
    over = list(ExportJob.objects.filter(state=State.READY, expires_at__lt=now))
    for job in over:
        job.path.unlink(missing_ok=True)
        ExportJob.objects.filter(pk=job.pk, state=State.READY).update(state=State.EXPIRED)
    ExportJob.objects.exclude(state__in=(State.READY, State.WAITING, State.RUNNING)).filter(
        asked_at__lt=now - FORGOTTEN_AFTER
    ).delete()
    _delete_orphans()
    return len(over)


def _delete_orphans() -> None:
    """Drafts whose writer was killed, and files whose job was never finished or is gone."""
    old = [path for path in folder().iterdir() if _age_seconds(path) > ORPHAN_AFTER_SECONDS]
    if old:
        kept = {job.path for job in ExportJob.objects.filter(state=State.READY)}
        for path in set(old) - kept:
            path.unlink(missing_ok=True)


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
