"""/healthz lives without anybody; /readyz tells in one word per part what is missing."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.views import health
from sessions_app.models import Lease
from sessions_app.revocation.health import CLOCK_LEASE
from tests.redis_server import running_redis

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock_lease():
    now = timezone.now()
    return Lease.objects.create(name=CLOCK_LEASE, expires_at=now + timedelta(seconds=5), renewed_at=now)


def test_liveness_asks_neither_database_nor_blacklist(client: Client, settings, django_assert_num_queries):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_means_database_blacklist_and_clock(client: Client, clock_lease):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "blacklist": "ok", "clock": "ok"}


def test_a_blacklist_that_does_not_answer_is_not_ready(client: Client, clock_lease, settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "not ok", "database": "ok", "blacklist": "not ok", "clock": "ok"}


def test_a_frozen_blacklist_is_said_within_a_second(client: Client, clock_lease, settings):
    with running_redis() as server:
        settings.REDIS_URL = server.url
        server.freeze()

        began = time.monotonic()
        answer = client.get("/readyz")
        took = time.monotonic() - began
        server.thaw()

    assert answer.json()["blacklist"] == "not ok"
    assert took < 1.5


def test_without_a_clock_nothing_is_ready(client: Client):
    assert client.get("/readyz").json()["clock"] == "not ok"


def test_a_clock_that_fell_silent_is_not_ready(client: Client, clock_lease):
    clock_lease.renewed_at -= timedelta(seconds=30)
    clock_lease.save()

    assert client.get("/readyz").json()["clock"] == "not ok"


def test_a_part_that_fails_is_a_word_and_not_a_traceback(client: Client, monkeypatch):
    def fail():
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(health, "database_answers", fail)

    answer = client.get("/readyz")

    assert answer.json()["database"] == "not ok"
    assert b"hunter2" not in answer.content


def test_a_part_that_hangs_is_late_after_a_second(client: Client, monkeypatch):
    monkeypatch.setattr(health, "ANSWER_WITHIN_SECONDS", 0.1)
    monkeypatch.setattr(health, "clock_is_beating", lambda: time.sleep(0.5) or True)

    assert client.get("/readyz").json()["clock"] == "not ok"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_never_cached(client: Client, path):
    assert "no-store" in client.get(path).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_only_read(client: Client, path):
    assert client.post(path).status_code == 405
