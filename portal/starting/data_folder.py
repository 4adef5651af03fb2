"""Where the data lies, and deleting all of it: for the Makefile, without Django. Standard library only."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from portal.starting import embedded_redis, launch, start_lock


class NotOurs(Exception):
    """The folder was not made by `up`, so it is not ours to delete."""


def refuse_unless_ours_and_idle(folder: Path) -> None:
    """Raises AlreadyRunning while an `up` uses the folder, NotOurs where none ever did."""
    if not (folder / start_lock.LOCK_NAME).exists():
        raise NotOurs
    with start_lock.held(folder):
        return


def delete(folder: Path) -> None:
    """Delete the folder and the socket folder that belongs to it. Raises AlreadyRunning if it is in use."""
    with start_lock.held(folder):
        for role in embedded_redis.KEEPING:
            embedded_redis.stop_left_over(embedded_redis.socket_path(folder, role))
        shutil.rmtree(folder)
        if not embedded_redis.socket_path(folder).is_relative_to(folder):
            shutil.rmtree(embedded_redis.socket_path(folder).parent, ignore_errors=True)


def agrees(folder: Path) -> bool:
    """Ask the person at the terminal. No terminal, no answer, no deletion."""
    sys.stderr.write(f"This deletes everything in {folder}: people, sessions, the audit trail.\nType yes: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def reset(folder: Path, *, without_asking: bool) -> str:
    """Delete the folder if it is there and the person agrees. Returns what to say; exits 1 if in use."""
    if not folder.exists():
        return f"Nothing to delete: there is no {folder}."
    try:
        refuse_unless_ours_and_idle(folder)
        if not without_asking and not agrees(folder):
            return "Nothing was deleted."
        delete(folder)
    except start_lock.AlreadyRunning as running:
        sys.exit(f"Curfew is running at {running.address}. Stop it first.")
    except NotOurs:
        sys.exit(f"{folder} was not made by `make up`; delete it yourself if you mean it.")
    return f"Deleted {folder}."


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="portal.starting.data_folder")
    parser.add_argument("action", nargs="?", choices=["show", "reset"], default="show")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    wanted = parser.parse_args(arguments)
    known = dict(os.environ)
    launch.fill(known, launch.read_settings(launch.BASE_DIR / ".env"))
    folder = launch.data_dir(known)
    said = str(folder) if wanted.action == "show" else reset(folder, without_asking=wanted.yes)
    sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
