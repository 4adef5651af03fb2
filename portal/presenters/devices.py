"""The kind of a device from its user agent: a few words of ours, never the sender's."""

from __future__ import annotations

from django.utils.translation import gettext as _

# The first mark found wins: an iPhone also says "Mac OS X", Edge also says "Chrome" and "Safari".
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "Chromebook"),
    ("Macintosh", "Mac"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)


def kind_of_device(user_agent: str) -> str:
    """'Mac, Firefox', 'iPhone, Safari', 'unknown device'. What the sender wrote is compared, never repeated."""
    found = [_first(SYSTEMS, user_agent), _first(PROGRAMS, user_agent)]
    return ", ".join(word for word in found if word) or _("unknown device")


def _first(marks: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((word for mark, word in marks if mark in user_agent), "")
