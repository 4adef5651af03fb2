"""Telling somebody what a guard answered, where nobody has to wait for it."""

import logging
from collections.abc import Callable
from dataclasses import replace

from .dates import now_ms
from .local_sessions import LocalSession
from .observations import Observation, observe
from .verdict import Verdict

logger = logging.getLogger(__name__)

# Called within the request: it has to return at once, as `ObservationBuffer.add` does.
Observe = Callable[[Observation], None]


class Observer:
    """Hands every answer of one guard to `tell`. Whatever goes wrong there, the request does not notice."""

    def __init__(self, tell: Observe | None, where: str) -> None:
        self._tell = tell
        self._where = where

    def note(self, verdict: Verdict, address: str | None, session: LocalSession | None = None) -> None:
        """`session` is whose the request was where there was no token to say so."""
        if self._tell is None:
            return
        try:
            seen = observe(verdict, where=self._where, at_ms=now_ms(), address=address or None)
            self._tell(seen if session is None else _of_session(seen, session))
        except Exception:  # an answer is never worth less because nobody could be told
            logger.exception("what the guard saw could not be passed on")


def _of_session(seen: Observation, session: LocalSession) -> Observation:
    return replace(
        seen,
        issuer=session.issuer,
        realm=session.realm,
        person=session.person,
        sid=session.sid or "",
        started_ms=session.started_at_ms,
        entitlements=session.entitlements,
    )
