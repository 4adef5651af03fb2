"""manage.py guard_config --watch: the file of a service follows what is saved here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError

from sessions_app.blacklist.guard import load_profiles
from sessions_app.management import guard_file
from sessions_app.management.guard_file import keep_written
from sessions_app.models import Issuer
from tests.factories import ISS, an_issuer, public_jwk

# It closes connections between two looks, which on PostgreSQL would end a test's own transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    an_issuer()
    return tmp_path / "guard.json"


class Meanwhile(threading.Event):
    """Told to stop once all of this has happened, one thing between two looks."""

    def __init__(self, *events: Callable[[], object]) -> None:
        super().__init__()
        self._left = list(events)

    def wait(self, timeout: float | None = None) -> bool:
        if self._left:
            self._left.pop(0)()
        else:
            self.set()
        return self.is_set()


def another_key() -> None:
    Issuer.objects.update(keys={"keys": [public_jwk(kid="next")]})


def test_the_file_follows_a_saved_issuer_and_guards_read_it_again(path: Path):
    keep_written(path, stop=Meanwhile())
    profiles = load_profiles(path)
    assert profiles()[ISS].keys == {"keys": [public_jwk()]}

    keep_written(path, stop=Meanwhile(another_key))

    assert profiles()[ISS].keys == {"keys": [public_jwk(kid="next")]}


def test_a_file_that_is_right_is_left_alone(path: Path):
    keep_written(path, stop=Meanwhile())
    before = path.stat()

    keep_written(path, stop=Meanwhile(lambda: None))

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [file.name for file in path.parent.iterdir()] == ["guard.json"]


def test_while_sql_is_away_the_file_stays_and_follows_again_after(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    keep_written(path, stop=Meanwhile())
    text, real, seen = path.read_text(), guard_file.guard_file, []

    def away() -> str:
        raise DatabaseError

    def back() -> None:
        seen.append(path.read_text())
        monkeypatch.setattr(guard_file, "guard_file", real)
        another_key()

    monkeypatch.setattr(guard_file, "guard_file", away)
    keep_written(path, stop=Meanwhile(back))

    assert seen == [text]
    assert "next" in path.read_text()
