"""Fills `.venv` from a lock file; run by the Makefile with the machine's Python. Standard library only."""

import shutil
import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
UV_LOCK = Path("requirements-uv.lock")


class InstallationFailed(Exception):
    """A sentence for the terminal; the tool's own output stands above it."""


def install(lock: Path) -> None:
    """Make `.venv` hold what the lock file says, every file checked against its hash.

    Started again after an interruption it picks up where it was. The stamp is written last, so that a
    half-filled `.venv` is never taken for a whole one.
    """
    if not runs(PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"):
        make_venv()
    if not (fetch_uv() and install_with_uv(lock)):
        say("Going on with pip, which takes a few minutes.")
        install_with_pip(lock)
    shutil.copyfile(lock, stamp(lock))


def stamp(lock: Path) -> Path:
    """Exists if, and is newer than the lock file only if, everything in it is installed."""
    return VENV / f"installed-{lock.name}"


def make_venv() -> None:
    """Raises InstallationFailed, with the cure where it is known."""
    say(f"Making .venv with Python {sys.version.split()[0]}.")
    if runs(sys.executable, "-m", "venv", "--clear", str(VENV)):
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise InstallationFailed(
        f"Python {version} cannot make a virtual environment. On Debian and Ubuntu this cures it: "
        f"sudo apt-get install python{version}-venv"
    )


def fetch_uv() -> bool:
    """Install the pinned uv, which fills `.venv` in seconds. Without it everything works, slower."""
    if runs(UV, "--quiet", "cache", "dir"):  # an interrupted installation can leave half a program
        return True
    return runs(PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(UV_LOCK))


def install_with_uv(lock: Path) -> bool:
    say(f"Installing {lock}.")
    options = ("--quiet", "--require-hashes", "--compile-bytecode", "--python", str(PYTHON))
    return runs(UV, "pip", "install", *options, "-r", str(lock))


def install_with_pip(lock: Path) -> None:
    """Raises InstallationFailed."""
    if not runs(PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)):
        raise InstallationFailed(f"{lock} could not be installed. Is there a network? Run the same again.")


def runs(*command: str | Path) -> bool:
    """Run a command, its output on the terminal, and say whether it succeeded."""
    try:
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - built here, no input in it
    except OSError:
        return False


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]))
    except InstallationFailed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next try goes on from here.")
