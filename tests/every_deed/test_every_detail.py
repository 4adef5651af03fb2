"""Every detail that an entry carries has a name for people, and every event that is listed is written somewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.events import EventKind, Events
from portal.presenters.audit_labels import LABELS

SOURCE = Path(__file__).resolve().parents[2]
PACKAGES = ("audit", "portal", "sessions_app")


def trees() -> Iterator[ast.Module]:
    for package in PACKAGES:
        for path in sorted((SOURCE / package).rglob("*.py")):
            if path.name != "events.py":
                yield ast.parse(path.read_text(encoding="utf-8"))


def nodes() -> Iterator[ast.AST]:
    for tree in trees():
        yield from ast.walk(tree)


def keys_of_details() -> set[str]:
    """Of every `details={...}` and `personal={...}` in our code."""
    given = [
        keyword.value
        for node in nodes()
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in {"details", "personal"}
    ]
    dicts = [node for value in given for node in ast.walk(value) if isinstance(node, ast.Dict)]
    keys = [key for each in dicts for key in each.keys]
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


EVENTS = {name: kind for name, kind in vars(Events).items() if isinstance(kind, EventKind)}
WRITTEN = {
    node.attr
    for node in nodes()
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Events"
}


def test_every_detail_has_a_name():
    assert keys_of_details() - set(LABELS) == set()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_listed_event_is_written_somewhere(name: str):
    """A line nobody writes would promise a record that is never made."""
    assert name in WRITTEN
