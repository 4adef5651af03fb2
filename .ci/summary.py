"""Adds up what the parts of .ci/run left behind; exits 1 unless every one of them was good."""

import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part: a part without a test report counts as a single check."""

    name: str
    exit_code: int
    seconds: int
    passed: int
    failed: int
    skipped: int

    def line(self) -> str:
        said = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{self.name:<14}{self.seconds:>5} s  {said}"


def read_part(exit_file: Path) -> Part:
    """A part that ended badly has failed at least once, whatever its report says."""
    exit_code = int(exit_file.read_text())
    report = exit_file.with_suffix(".xml")
    passed, failed, skipped = count(report) if report.exists() else (int(exit_code == 0), 0, 0)
    return Part(
        name=exit_file.stem,
        exit_code=exit_code,
        seconds=int(exit_file.with_suffix(".seconds").read_text()),
        passed=passed,
        failed=max(failed, int(exit_code != 0)),
        skipped=skipped,
    )


def count(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of a JUnit report, which our own test run has just written."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))  # noqa: S314 - our own file
    except ElementTree.ParseError:  # the run was killed while it wrote
        return 0, 1, 0
    total = sum(int(suite.get("tests", 0)) for suite in suites)
    failed = sum(int(suite.get("failures", 0)) + int(suite.get("errors", 0)) for suite in suites)
    skipped = sum(int(suite.get("skipped", 0)) for suite in suites)
    return total - failed - skipped, failed, skipped


def main(results: Path) -> int:
    parts = [
        read_part(path) for path in sorted(results.glob("*.exit"), key=lambda path: path.stat().st_mtime_ns)
    ]
    sys.stdout.writelines(f"{part.line()}\n" for part in parts)
    failed = sum(part.failed for part in parts)
    sys.stdout.write(f"{sum(part.passed for part in parts)} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
