"""`.venv` is filled from the lock file, and never taken for whole when it is not."""

from pathlib import Path

import pytest

from portal.starting import installation

LOCK = Path("requirements.lock")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A checkout where every command is recorded and succeeds, unless a word of it is in `broken`."""
    monkeypatch.chdir(tmp_path)
    LOCK.write_text("django==5.2.19\n")
    installation.VENV.mkdir()
    return Machine(monkeypatch)


class Machine:
    def __init__(self, monkeypatch):
        self.broken = set()
        self.commands = []
        monkeypatch.setattr(installation, "runs", self.runs)

    def runs(self, *command):
        words = [str(word) for word in command]
        self.commands.append(" ".join(words))
        return not any(word in self.broken for word in words)

    def ran(self, words):
        return any(words in command for command in self.commands)


def test_everything_is_installed_with_hashes_by_uv(machine):
    installation.install(LOCK)

    assert machine.ran("uv pip install --quiet --require-hashes --compile-bytecode")
    assert installation.stamp(LOCK).read_text() == LOCK.read_text()


def test_an_environment_that_works_is_kept(machine):
    installation.install(LOCK)

    assert not machine.ran("-m venv")


def test_a_broken_environment_is_made_anew(machine):
    machine.broken = {"import pip, sys; sys.exit(sys.version_info < (3, 11))"}

    installation.install(LOCK)

    assert machine.ran("-m venv --clear .venv")


def test_without_uv_pip_installs_with_hashes(machine):
    machine.broken = {".venv/bin/uv", "requirements-uv.lock"}

    installation.install(LOCK)

    assert machine.ran("-m pip install -q --require-hashes -r requirements.lock")
    assert installation.stamp(LOCK).exists()


def test_an_installation_that_failed_leaves_no_stamp(machine):
    machine.broken = {"requirements.lock"}

    with pytest.raises(installation.InstallationFailed, match=r"requirements\.lock could not"):
        installation.install(LOCK)

    assert not installation.stamp(LOCK).exists()


def test_a_python_that_cannot_make_environments_is_told_the_cure(machine):
    machine.broken = {"import pip, sys; sys.exit(sys.version_info < (3, 11))", "venv"}

    with pytest.raises(installation.InstallationFailed, match=r"sudo apt-get install python3\.\d+-venv"):
        installation.install(LOCK)


def test_a_program_that_is_not_there_counts_as_failed():
    assert not installation.runs("/nowhere/uv", "--version")
