"""A scratch installation for measuring: an own Redis, an own SQLite file, nothing of the real one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.redis_server import EmbeddedRedis, running_redis

ENV = "bench"


@contextmanager
def scratch_installation() -> Iterator[EmbeddedRedis]:
    """Django set up on empty tables and an empty blacklist. Once per process, before models are imported."""
    with tempfile.TemporaryDirectory(prefix="curfew-bench-") as folder, running_redis() as server:
        os.environ.update(
            DATA_DIR=folder,
            SECRET_KEY="bench" * 10,
            CURFEW_ENV=ENV,
            REDIS_URL=server.url,
            DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3"),
            DJANGO_SETTINGS_MODULE="portal.settings",
            LOG_LEVEL="ERROR",
        )
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield server


@contextmanager
def keeping_time() -> Iterator[None]:
    """The clock beating in a thread of its own, so that markers stay fresh; ready when this returns."""
    from sessions_app.models import BlacklistState
    from sessions_app.scheduled.clock import Clock

    stop = Event()
    beating = Thread(target=Clock().run, args=(stop,), daemon=True)
    beating.start()
    try:
        while not BlacklistState.current().is_gate_open:
            time.sleep(0.05)
        yield
    finally:
        stop.set()
        beating.join(timeout=30)
