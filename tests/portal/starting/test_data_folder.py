"""One `up` per data folder; `make reset` deletes it only when nobody uses it and somebody means it."""

import io

import pytest

from portal.starting import data_folder, start_lock


@pytest.fixture
def folder(tmp_path):
    """A data folder as an `up` left it."""
    folder = tmp_path / "data"
    with start_lock.held(folder):
        (folder / "curfew.sqlite3").write_text("people")
    return folder


def test_the_second_to_hold_a_folder_learns_where_the_first_answers(folder):
    with start_lock.held(folder) as lock:
        start_lock.note(lock, "http://localhost:8003")

        with pytest.raises(start_lock.AlreadyRunning) as raised, start_lock.held(folder):
            pass

    assert raised.value.address == "http://localhost:8003"


def test_a_folder_is_free_again_when_its_holder_is_gone(folder):
    with start_lock.held(folder):
        pass

    with start_lock.held(folder) as lock:
        assert lock.read() == ""


def test_reset_deletes_everything_after_a_yes(folder, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))

    assert data_folder.reset(folder, without_asking=False) == f"Deleted {folder}."
    assert not folder.exists()


@pytest.mark.parametrize("answer", ["\n", "no\n", "y\n", ""])
def test_reset_keeps_everything_after_anything_else(folder, monkeypatch, answer):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    assert data_folder.reset(folder, without_asking=False) == "Nothing was deleted."
    assert folder.exists()


def test_reset_refuses_while_curfew_runs(folder):
    with start_lock.held(folder) as lock:
        start_lock.note(lock, "http://localhost:8000")

        with pytest.raises(SystemExit, match="running at http://localhost:8000"):
            data_folder.reset(folder, without_asking=True)

    assert folder.exists()


def test_reset_refuses_a_folder_that_up_never_made(tmp_path):
    (tmp_path / "letters").write_text("dear")

    with pytest.raises(SystemExit, match="not made by"):
        data_folder.reset(tmp_path, without_asking=True)

    assert (tmp_path / "letters").exists()


def test_reset_without_a_folder_has_nothing_to_do(tmp_path):
    assert "Nothing to delete" in data_folder.reset(tmp_path / "none", without_asking=True)
