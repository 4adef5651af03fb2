"""An ended access in words for the person themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from sessions_app.changes.explanations import untold
from sessions_app.models import Revocation, User
from sessions_app.models.reasons import Reason

SHOWN_AT_MOST = 5


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What happened, when, and what to do about it."""

    title: str
    text: str
    advice: str
    at: datetime


def explanations_for(person: User) -> list[Explanation]:
    """What this person was not told yet, the newest first."""
    return [_explained(revocation, person) for revocation in untold(person)[:SHOWN_AT_MOST]]


def _explained(revocation: Revocation, person: User) -> Explanation:
    title, text, advice = {
        Reason.SECURITY_INCIDENT: (
            _("All your sessions were ended"),
            _("There were signs that somebody else used your account, so everything was signed out."),
            _("Change your password if you use it anywhere else, and tell Security what you noticed."),
        ),
        Reason.LOST_DEVICE: (
            _("All your sessions were ended"),
            _("You reported something that was not you.")
            if revocation.initiator_user_id == person.pk
            else _("A device of yours was reported as lost."),
            _("Look through your sessions and devices, and change your password."),
        ),
        Reason.ROLE_CHANGE: (
            _("Your access has changed"),
            _("What you may do in the company's applications became less, so you were signed out."),
            _("If something is missing that you need, ask whoever manages it."),
        ),
    }[Reason(revocation.reason)]
    return Explanation(title=title, text=text, advice=advice, at=revocation.decided_at)
