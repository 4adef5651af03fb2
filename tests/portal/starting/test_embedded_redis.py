"""The Redis that `up` runs: which program, on which socket, with which promises."""

import stat
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
import redis

from portal.starting import embedded_redis


def program_saying(folder, name, words):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{words}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def only_on_path(tmp_path, monkeypatch):
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin")
    monkeypatch.setattr(
        embedded_redis.shutil, "which", lambda name: str(folder / name) if (folder / name).exists() else None
    )
    return folder


def test_a_redis_server_on_the_path_is_taken(only_on_path):
    path = program_saying(only_on_path, "redis-server", "Redis server v=7.0.15 sha=0:0 malloc=libc bits=64")

    found = embedded_redis.server_binary()

    assert found.path == path
    assert found.label == "redis-7.0"


def test_a_valkey_server_on_the_path_is_taken(only_on_path):
    program_saying(only_on_path, "valkey-server", "Valkey server v=8.1.0 sha=0:0")

    assert embedded_redis.server_binary().label == "valkey-8.1"


def test_a_server_that_is_too_old_is_passed_over_for_the_bundled_one(only_on_path):
    program_saying(only_on_path, "redis-server", "Redis server v=6.0.16 sha=0:0")

    assert embedded_redis.server_binary().path == embedded_redis.bundled_binary()


def test_a_program_that_says_nothing_known_is_passed_over(only_on_path):
    program_saying(only_on_path, "redis-server", "hello")

    assert embedded_redis.server_binary().path == embedded_redis.bundled_binary()


def test_the_bundled_server_is_where_the_pinned_wheel_keeps_it():
    binary = embedded_redis.ask_version(embedded_redis.bundled_binary())

    assert binary is not None
    assert (binary.name, binary.version) == ("valkey", (9, 1))


def test_the_socket_lies_in_the_data_folder():
    folder = Path("/srv/curfew/.data")

    assert embedded_redis.socket_path(folder) == folder / "redis" / "blacklist.sock"


def test_a_deep_data_folder_gets_a_short_private_socket_path(tmp_path):
    deep = tmp_path / ("d" * 120)

    path = embedded_redis.socket_path(deep)

    assert len(str(path)) < 100
    assert path == embedded_redis.socket_path(deep)
    assert path != embedded_redis.socket_path(tmp_path / ("e" * 120))


def test_the_address_survives_spaces_in_the_path():
    address = embedded_redis.url(Path("/srv/two words"))

    assert " " not in address
    assert unquote(address) == "unix:///srv/two words/redis/blacklist.sock"


def test_a_socket_folder_others_can_open_is_refused(tmp_path):
    (tmp_path / "redis").mkdir(mode=0o777)
    (tmp_path / "redis").chmod(0o777)

    with pytest.raises(embedded_redis.UnsafeSocketFolder):
        embedded_redis.private_folder(tmp_path / "redis")


def test_a_link_in_place_of_the_socket_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "redis").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(embedded_redis.UnsafeSocketFolder):
        embedded_redis.private_folder(tmp_path / "redis")


@pytest.fixture
def running(tmp_path):
    """The server as `up` starts it, from the bundled binary."""
    binary = embedded_redis.ask_version(embedded_redis.bundled_binary())
    process = subprocess.Popen(embedded_redis.server_command(binary, tmp_path), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while not embedded_redis.answers(embedded_redis.socket_path(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.02)
    yield tmp_path
    process.kill()
    process.wait()


def test_the_server_loses_nothing_evicts_nothing_and_listens_on_its_socket_only(running):
    with redis.Redis.from_url(embedded_redis.url(running), decode_responses=True) as client:
        said = client.config_get("appendonly", "appendfsync", "maxmemory-policy", "save", "port")

    assert said == {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
        "port": "0",
    }
    assert stat.S_IMODE(embedded_redis.socket_path(running).stat().st_mode) == 0o700


def test_a_server_left_over_is_ended_before_another_starts(running):
    assert embedded_redis.stop_left_over(embedded_redis.socket_path(running))
    assert not embedded_redis.is_listening(embedded_redis.socket_path(running))


def test_no_server_left_over_is_nothing_to_end(tmp_path):
    assert not embedded_redis.stop_left_over(embedded_redis.socket_path(tmp_path))
