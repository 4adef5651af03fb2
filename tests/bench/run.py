"""`make bench`: run every measurement, print one table each. `--only NAME`, `--entries N` for a quick look."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from tests.bench.scratch import scratch_installation

MEASUREMENTS = ("lookup", "click", "many", "doors", "rebuild", "frozen", "trail", "audit", "export")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only", choices=MEASUREMENTS, action="append", help="measure only this (repeatable)"
    )
    parser.add_argument("--entries", type=int, default=1_000_000, help="entries in Redis for the look-up")
    parser.add_argument("--trail", type=int, default=1_000_000, help="entries in the audit trail")
    parser.add_argument("--listed", type=int, default=100_000, help="entries that are listed and exported")
    parser.add_argument(
        "--people", type=int, default=1000, help="people with 100 sessions each, ended at once"
    )
    asked = parser.parse_args()
    with scratch_installation() as server:
        say_where()
        from tests.bench import audit_pages, clicks, doors, exporting, frozen, lookup, many, rebuilding, trail

        work = {
            "lookup": lambda: lookup.measure(server, entries=asked.entries),
            "click": clicks.measure,
            "many": lambda: many.measure(people=asked.people),
            "doors": doors.measure,
            "rebuild": rebuilding.measure,
            "frozen": lambda: frozen.measure(server),
            "trail": lambda: trail.measure(entries=asked.trail),
            "audit": lambda: audit_pages.measure(entries=asked.listed),
            "export": lambda: exporting.measure(entries=asked.listed),
        }
        wanted = asked.only or MEASUREMENTS
        for name in filter(wanted.__contains__, MEASUREMENTS):  # later ones leave a trail nobody could verify
            sys.stdout.write(work[name]() + "\n\n")
            sys.stdout.flush()


def say_where() -> None:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    sys.stdout.write(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}. "
        "Shared machines are noisy: read the ratios.\n\n"
    )


if __name__ == "__main__":
    main()
