"""How many something would reach, as a page showed it: signed, so that it comes back with the form unchanged."""

from __future__ import annotations

from django.core import signing

from sessions_app.changes.blast_radius import Reach

KEPT_SECONDS = 30 * 60
SALT = "curfew.seen_reach"


def freeze(reach: Reach, *, about: str) -> str:
    """For half an hour, and only for what it is about: name the reader in it, and what is asked."""
    return signing.dumps([about, reach.people, reach.sessions, reach.privileged], salt=SALT)


def thaw(frozen: str, *, about: str) -> Reach | None:
    """None where it is damaged, too old, or about something else: then it has to be counted again."""
    try:
        subject, people, sessions, privileged = signing.loads(frozen, salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return None
    return Reach(people=people, sessions=sessions, privileged=privileged) if subject == about else None
