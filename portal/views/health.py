"""Whether this process lives (/healthz) and whether it can do its work (/readyz)."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_all

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sessions_app.models import User
from sessions_app.revocation.health import clock_age_seconds, probe_blacklist

ANSWER_WITHIN_SECONDS = 0.9
CLOCK_MAY_BE_SILENT_SECONDS = 5  # the age at which guards stop believing a heartbeat

# One thread per part: a part that hangs keeps its thread, and is then not ok without waiting in new ones.
pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="readiness")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as requests are answered at all. Asks nobody else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if every part is ok, else 503, within a second. One word per part: anybody may ask."""
    parts = words_within_a_second(
        {"database": database_answers, "blacklist": blacklist_answers, "clock": clock_is_beating}
    )
    is_ready = all(word == "ok" for word in parts.values())
    return JsonResponse({"status": "ok" if is_ready else "not ok", **parts}, status=200 if is_ready else 503)


def words_within_a_second(parts: dict[str, Callable[[], bool]]) -> dict[str, str]:
    """Ask all parts at once; one that says no, fails, or is late is `not ok`."""
    asked = {name: pool.submit(with_own_connection, is_ok) for name, is_ok in parts.items()}
    answered = wait_for_all(asked.values(), timeout=ANSWER_WITHIN_SECONDS).done
    return {name: word(future, answered) for name, future in asked.items()}


def word(future: Future[bool], answered: set[Future[bool]]) -> str:
    if future not in answered:
        future.cancel()
        return "not ok"
    return "ok" if future.exception() is None and future.result() else "not ok"


def with_own_connection(is_ok: Callable[[], bool]) -> bool:
    """Database connections belong to threads; this one is given back before the thread waits again."""
    try:
        return is_ok()
    finally:
        connection.close()


def database_answers() -> bool:
    """A real table is read; an empty one is fine."""
    User.objects.exists()
    return True


def blacklist_answers() -> bool:
    """An entry is written and read back as a guard would."""
    return probe_blacklist().ok


def clock_is_beating() -> bool:
    age = clock_age_seconds()
    return age is not None and age <= CLOCK_MAY_BE_SILENT_SECONDS
