"""What every test stands on: the cast, a real Redis per test process, an audit trail that can be emptied."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from audit.exports.turns import TURNS
from audit.initiators import the_clock
from audit.signing import pem_of
from sessions_app.blacklist import connections as blacklist_connections
from sessions_app.blacklist import reader as blacklist_reader
from sessions_app.revocation import connections, gate, health, many
from sessions_app.revocation.health import CLOCK_LEASE
from sessions_app.scheduled.lease import take_or_renew
from tests.redis_server import EmbeddedRedis, running_redis

SIGNING_KEY = pem_of(Ed25519PrivateKey.generate()).decode()

pytest_plugins = ["tests.cast", "tests.audit_flush"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """What uses the database is told by what it asks for, before anybody chooses among the tests."""
    for item in items:
        if "db" in item.fixturenames or item.get_closest_marker("django_db"):
            item.add_marker("database")


@pytest.fixture(scope="session")
def redis_of_this_process() -> Iterator[EmbeddedRedis]:
    """Started once: a start takes as long as a hundred tests."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def client_of_this_process(redis_of_this_process: EmbeddedRedis) -> Iterator[Redis]:
    with redis_of_this_process.client() as client:
        yield client


@pytest.fixture(autouse=True)
def redis_server(
    redis_of_this_process: EmbeddedRedis, client_of_this_process: Redis, settings: Settings
) -> EmbeddedRedis:
    """An empty blacklist server that this installation points to. Freeze one of your own, not this."""
    if client_of_this_process.dbsize():
        client_of_this_process.flushall()
    settings.REDIS_URL = redis_of_this_process.url
    forget_what_guards_saw()
    return redis_of_this_process


@pytest.fixture(autouse=True)
def audit_signing_key(settings: Settings) -> str:
    """The trail's key of this test process; nothing is written into the checkout's own data folder."""
    settings.AUDIT_SIGNING_KEY = SIGNING_KEY
    return SIGNING_KEY


@pytest.fixture(autouse=True)
def checkpoint_folder(settings: Settings, tmp_path: Path) -> Path:
    """Where this test's checkpoints leave the database to."""
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    return tmp_path / "checkpoints"


@pytest.fixture(autouse=True)
def patient_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the patience of a real guard: tests run many at a time, and a late answer is not what they are about.

    What a frozen server does is tested as well: it only takes a second longer to be noticed.
    """
    monkeypatch.setattr(blacklist_connections, "STEP_SECONDS", 0.5)
    monkeypatch.setattr(blacklist_reader, "STEP_SECONDS", 0.5)
    monkeypatch.setattr(blacklist_reader, "TOTAL_SECONDS", 1.3)


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Settings) -> None:
    """What a password hash costs on purpose is the price of a dozen tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nobody_waits_for_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock runs beside these tests, so an order for everyone would wait for its markers in vain."""
    monkeypatch.setattr(many, "BEATS_SECONDS", 0.2)


@pytest.fixture(autouse=True)
def exports_folder(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where exported files of this test process lie."""
    settings.EXPORTS_DIR = tmp_path_factory.getbasetemp() / "exports"
    return settings.EXPORTS_DIR


@pytest.fixture(autouse=True)
def no_file_is_on_its_way() -> None:
    """Django's test client never hangs up on a file that a test does not read."""
    TURNS._taken.clear()


def forget_what_guards_saw() -> None:
    """A guard that has seen a higher generation would call the emptied server a loss, and be right."""
    connections._reader.cache_clear()
    connections._writer.cache_clear()
    health.forget_light()


@pytest.fixture
def one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What depends on a day of the calendar reads this process's clock, not the database's: a test can freeze it."""
    for module in (
        "sessions_app.changes.leavings",
        "sessions_app.notifications.notices",
        "portal.views.leaving",
    ):
        monkeypatch.setattr(f"{module}.database_now", timezone.now)


@pytest.fixture
def open_gate(redis_server: EmbeddedRedis, db: None) -> EmbeddedRedis:
    """The same server with fresh markers, as after a beat of the clock: what is not refused is allowed.

    Nothing else of a beat is done, which would take longer than most tests.
    """
    fence = take_or_renew(CLOCK_LEASE, holder="tests")
    assert fence is not None
    gate.keep(fence=fence, by=the_clock())
    return redis_server
