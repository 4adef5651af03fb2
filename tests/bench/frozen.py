"""How long a check takes while the server is frozen: it must close, and quickly."""

from __future__ import annotations

import time

from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.verdict import Outcome
from tests.bench.lookup import a_subject
from tests.bench.scratch import ENV
from tests.bench.timing import quantile
from tests.redis_server import EmbeddedRedis

CALLS = 100


def measure(server: EmbeddedRedis) -> str:
    guard = Guard(BlacklistReader(server.url, ENV), dict)
    guard.check_subject(a_subject(0))
    server.freeze()
    try:
        taken = [milliseconds_to_close(guard, number) for number in range(CALLS)]
    finally:
        server.thaw()
    return (
        f"Check while the server is frozen (SIGSTOP), {CALLS} times, all answered UNKNOWN\n"
        f"{'milliseconds':<42} {'p50':>9} {'p99':>9} {'longest':>9}\n"
        f"{'':<42} {quantile(taken, 0.5):>9.0f} {quantile(taken, 0.99):>9.0f} {max(taken):>9.0f}"
    )


def milliseconds_to_close(guard: Guard, number: int) -> float:
    began = time.perf_counter()
    verdict = guard.check_subject(a_subject(number))
    assert verdict.outcome is Outcome.UNKNOWN
    return (time.perf_counter() - began) * 1000
