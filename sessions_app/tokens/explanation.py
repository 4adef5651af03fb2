"""What a pasted token says, claim by claim, and what the guard would answer; the token is never kept."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import record
from sessions_app.blacklist.claims import Row, explain
from sessions_app.blacklist.guard import now_ms
from sessions_app.blacklist.verdict import Verdict
from sessions_app.tokens.profiles import profiles, token_guard


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """`rows` say which claim was read as what; `verdict` is the guard's at this moment."""

    rows: tuple[Row, ...]
    verdict: Verdict


def explain_token(token: str, *, by: Initiator) -> Explanation:
    """Read the token as a guard would, and note that somebody had one explained. Nothing of it is stored."""
    token = token.strip()
    with transaction.atomic():
        record(Events.TOKEN_EXPLAINED, initiator=by)
    return Explanation(rows=tuple(explain(token, profiles(), now_ms())), verdict=token_guard().check(token))
