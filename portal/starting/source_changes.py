"""Noticing that somebody edited the source, for `make dev`."""

from collections.abc import Iterator
from pathlib import Path

WATCHED_FOLDERS = ("portal", "sessions_app", "audit", "templates")
WATCHED_SUFFIXES = frozenset({".py", ".html", ".txt", ".md", ".mo"})


class SourceChanges:
    """The state of the source when last looked at. A thousand files take a few milliseconds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known = frozenset(self.times())

    def seen(self) -> bool:
        """Whether a file was added, removed or edited since the last call."""
        current = frozenset(self.times())
        changed, self.known = current != self.known, current
        return changed

    def times(self) -> Iterator[tuple[Path, int]]:
        for folder in WATCHED_FOLDERS:
            for path in (self.root / folder).rglob("*"):
                if path.suffix in WATCHED_SUFFIXES and path.is_file():
                    yield path, path.stat().st_mtime_ns
