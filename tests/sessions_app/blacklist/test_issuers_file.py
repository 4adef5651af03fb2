"""The issuers' file of a service: read again when it changes, closed when it breaks."""

import json
from pathlib import Path

import pytest

from sessions_app.blacklist.errors import InvalidProfile
from sessions_app.blacklist.guard import Guard, load_profiles
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.verdict import Outcome
from tests.sessions_app.blacklist.issuer import ISS, a_profile, a_token


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "issuers.json", a_profile().to_json())


def write(path: Path, *issuers: object) -> Path:
    """Replaced by a rename, as the documentation asks."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"env": "demo", "issuers": issuers}))
    return new.rename(path)


def test_a_file_gives_its_profiles_and_environment(path: Path) -> None:
    profiles = load_profiles(path)

    assert profiles() == {ISS: a_profile()}
    assert profiles.env == "demo"


def test_an_unchanged_file_is_read_once(path: Path) -> None:
    profiles = load_profiles(path)

    assert profiles() is profiles()


def test_a_changed_file_counts_at_once(path: Path) -> None:
    profiles = load_profiles(path)
    write(path)

    assert profiles() == {}


def test_a_file_that_broke_closes_the_guard(path: Path, guard: Guard, reader: BlacklistReader) -> None:
    closed = Guard(reader, load_profiles(path))
    assert closed.check(a_token()).outcome is Outcome.ALLOWED

    path.write_text("{")
    assert closed.check(a_token()).cause == "unavailable:InvalidProfile"
    path.unlink()
    assert closed.check(a_token()).cause == "unavailable:InvalidProfile"

    write(path, a_profile().to_json())
    assert closed.check(a_token()).outcome is Outcome.ALLOWED


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"env": "x"}', '{"env": "x", "issuers": 7}', '{"env": "x", "issuers": ["y"]}', "\xff"],
)
def test_a_file_that_is_none_is_refused_at_the_start(content: str, tmp_path: Path) -> None:
    path = tmp_path / "issuers.json"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(InvalidProfile):
        load_profiles(path)


def test_an_issuer_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile, match="twice"):
        load_profiles(write(tmp_path / "issuers.json", a_profile().to_json(), a_profile().to_json()))
