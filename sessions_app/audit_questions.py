"""What can be wrong with a question about the trail beyond its grammar: the trail keeps reasons and knows none."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from audit.query import AuditQuery, reason_code
from sessions_app.changes.texts import shown
from sessions_app.models.reasons import Reason

LONGEST_SAID = 80


def problem_of(query: AuditQuery) -> str:
    """Why this line has no answer, as a sentence that names the part; empty where it has one."""
    return query.problem or next(_unknown_reasons(query), "")


def _unknown_reasons(query: AuditQuery) -> Iterator[str]:
    for term in query.terms:
        if term.key == "reason" and reason_code(term.value) not in Reason.values:
            yield _("“%(value)s” is no reason. There are %(known)s.") % {
                "value": shown(term.value, limit=LONGEST_SAID),
                "known": ", ".join(Reason.values),
            }
