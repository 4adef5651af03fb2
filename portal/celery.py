"""Celery as a wake-up call: messages carry the id of a row, and losing one costs seconds, never work.

Started by `manage.py worker`. The clock wakes again what nobody took, and works itself where nobody does.
"""

from __future__ import annotations

import logging
import os
from uuid import UUID

from celery import Celery
from django.conf import settings
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from portal.broker import celery_address

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

logger = logging.getLogger(__name__)

EXPORTS = "exports"
PATIENCE_SECONDS = 2
HARD_LIMIT_SECONDS = 1500
VISIBILITY_SECONDS = 3600  # more than twice the hard limit: nothing is delivered again while it runs
CALL_EXPIRES_SECONDS = 60  # the clock calls again sooner

app = Celery("curfew")
app.conf.update(
    broker_url=celery_address(settings.BROKER_URL),
    broker_connection_timeout=PATIENCE_SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": PATIENCE_SECONDS,
        "socket_timeout": PATIENCE_SECONDS,
        "max_retries": 0,
    },
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_default_queue=EXPORTS,
    task_time_limit=HARD_LIMIT_SECONDS,
    task_soft_time_limit=HARD_LIMIT_SECONDS - 60,
    task_publish_retry=False,
    worker_prefetch_multiplier=1,
    worker_concurrency=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
)


@app.task(name="curfew.export")  # type: ignore[untyped-decorator]  # Celery has no types
def export(job_id: str) -> None:
    """Work on one export. Called twice it does it once: the row knows who works on it."""
    # Imported here: the worker knows Django's models only once it has started.
    from audit.exports.jobs import run

    run(UUID(job_id))


def wake(job_id: UUID) -> None:
    """Call a worker, within two seconds or not at all. Never raises: the row is the truth."""
    try:
        _send(str(job_id))
    except (KombuError, RedisError, OSError) as failure:
        logger.warning("nobody could be called for export %s: %s", job_id, failure)


def _send(job_id: str) -> None:
    """By a connection of its own: calls are rare, and one kept open would be found dead when it is needed."""
    with app.connection_for_write(celery_address(settings.BROKER_URL)) as connection:
        app.send_task(
            "curfew.export", [job_id], connection=connection, retry=False, expires=CALL_EXPIRES_SECONDS
        )
