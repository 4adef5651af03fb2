"""The broker: never the blacklist's server, and never anything that somebody waits for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from portal.broker import are_one_server, celery_address
from portal.celery import EXPORTS, wake
from tests.redis_server import EmbeddedRedis, running_redis


@pytest.fixture
def broker(settings: Any) -> Iterator[EmbeddedRedis]:
    with running_redis(appendonly="no") as server:
        settings.BROKER_URL = server.url
        yield server


@pytest.mark.parametrize(
    ("broker", "blacklist"),
    [
        ("redis://cache:6379/1", "redis://cache:6379/0"),
        ("redis://:other@CACHE/1", "rediss://:secret@cache:6379/0"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("redis+socket:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://localhost", "redis://127.0.0.1:6379/0"),
        ("redis://b:26379", "redis+sentinel://a:26379,b:26379/blacklist"),
    ],
)
def test_another_database_of_the_blacklists_server_is_the_same_server(broker: str, blacklist: str):
    assert are_one_server(broker, blacklist)


@pytest.mark.parametrize(
    ("broker", "blacklist"),
    [
        ("redis://cache:6380", "redis://cache:6379"),
        ("redis://broker", "redis://cache"),
        ("unix:///run/broker.sock", "unix:///run/blacklist.sock"),
        ("", "redis://cache"),
        ("redis://cache", ""),
    ],
)
def test_two_servers_are_two(broker: str, blacklist: str):
    assert not are_one_server(broker, blacklist)


def test_nothing_starts_where_they_are_one(tmp_path: Any):
    seen = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "x" * 50,
        "CURFEW_ENV": "prod",
        "DATA_DIR": str(tmp_path),
        "REDIS_URL": "redis://cache/0",
        "BROKER_URL": "redis://cache/1",
    }

    ended = subprocess.run([sys.executable, "manage.py", "check"], env=seen, capture_output=True, text=True)

    assert ended.returncode == 2
    assert "BROKER_URL and REDIS_URL lead to the same server" in ended.stderr


def test_a_socket_is_spelled_as_celery_spells_it():
    assert celery_address("unix:///run/broker.sock") == "redis+socket:///run/broker.sock"
    assert celery_address("rediss://:p@broker:6380/2") == "rediss://:p@broker:6380/2"


def test_a_call_is_one_message_with_an_id(broker: EmbeddedRedis):
    job_id = uuid.uuid4()

    wake(job_id)

    with broker.client() as client:
        (message,) = client.lrange(EXPORTS, 0, -1)
    assert str(job_id).encode() in message
    assert b"application/json" in message


def test_a_dead_broker_holds_nobody_up(broker: EmbeddedRedis, caplog: pytest.LogCaptureFixture):
    broker.kill()

    wake(uuid.uuid4())

    assert "nobody could be called" in caplog.text


def test_a_frozen_broker_holds_nobody_up_for_long(broker: EmbeddedRedis, caplog: pytest.LogCaptureFixture):
    broker.freeze()
    began = time.monotonic()

    wake(uuid.uuid4())

    broker.thaw()
    assert "nobody could be called" in caplog.text
    assert time.monotonic() - began < 20
