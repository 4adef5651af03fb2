"""A user agent as a kind of device, in two words: "Mac, Firefox". Never precise enough to tell people apart."""

from __future__ import annotations

from django.utils.translation import gettext as _

# The first that occurs wins, so a more special word stands before a more common one.
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Macintosh", "Mac"),
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
    ("python-requests/", "Python"),
    ("okhttp/", "okhttp"),
)


def device_words(user_agent: str) -> str:
    """Two words from two fixed lists; nothing that the sender wrote is ever repeated."""
    words = [word for word in (_first(SYSTEMS, user_agent), _first(PROGRAMS, user_agent)) if word]
    if words:
        return ", ".join(words)
    return _("another device") if user_agent else ""


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((word for mark, word in known if mark in user_agent), "")
