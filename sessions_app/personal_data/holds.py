"""Legal holds: opened with a case, an owner, a reason and a date on which somebody looks at them again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import ChangeRefused, ReasonTooShort, ValuesRefused
from sessions_app.changes.texts import shown
from sessions_app.models import LegalHold, User
from sessions_app.models.moments import database_now

LONGEST_WITHOUT_REVIEW = timedelta(days=366)
SHORTEST_REASON = 10


class HeldByOneself(ChangeRefused):
    code = "held_by_oneself"
    sentence = _("Nobody puts a hold on what is kept of themselves.")


class AlreadyHeld(ChangeRefused):
    code = "already_held"
    sentence = _("There is a hold on this person for this case already.")


class HoldOver(ChangeRefused):
    code = "hold_over"
    sentence = _("This hold was released already.")


class UnderHold(ChangeRefused):
    code = "under_hold"
    sentence = _("A legal hold stands on what is kept of this person. Release it first.")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a hold is for. `owner` answers for it."""

    name: str
    owner: User
    reason: str
    review_on: date


def open_hold(user: User, case: Case, *, by: Initiator) -> LegalHold:
    """From here on nothing kept of this person goes by itself, nor by erasing, and the trail says so.

    Raises the child of ChangeRefused that fits; where somebody may not, the refusal is stored.
    """
    if by.user_id == user.pk:
        _record_refusal(user, by=by)
        raise HeldByOneself
    _refuse_values(case)
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if LegalHold.objects.standing().filter(user=locked, case=case.name).exists():
            raise AlreadyHeld
        hold = LegalHold.objects.create(
            user=locked,
            owner=case.owner,
            case=case.name,
            reason=case.reason,
            review_on=case.review_on,
            opened_at=database_now(),
        )
        record(
            Events.HOLD_OPENED,
            initiator=by,
            target=Target.of(locked, label=locked.display_name),
            details={
                "case": case.name,
                "owner": str(case.owner.pk),
                "review_on": case.review_on,
                "hold": str(hold.pk),
            },
            personal={"note": case.reason},
        )
    return hold


def release_hold(hold: LegalHold, *, reason: str, by: Initiator) -> None:
    """What the hold kept goes at the clock's next round if its time is over. Raises ReasonTooShort or HoldOver."""
    if len(shown(reason, limit=500)) < SHORTEST_REASON:
        raise ReasonTooShort
    with transaction.atomic():
        locked = LegalHold.objects.select_for_update().select_related("user").get(pk=hold.pk)
        if locked.released_at is not None:
            raise HoldOver
        locked.released_at = database_now()
        locked.save(update_fields=["released_at"])
        record(
            Events.HOLD_RELEASED,
            initiator=by,
            target=Target.of(locked.user, label=locked.user.display_name),
            details={"case": locked.case, "hold": str(locked.pk)},
            personal={"note": reason},
        )


def is_held(user: User) -> bool:
    return LegalHold.objects.standing().filter(user=user).exists()


def _refuse_values(case: Case) -> None:
    today = database_now().date()
    problems = []
    if not case.name or shown(case.name, limit=100) != case.name:
        problems.append(("case", _("A case has 1 to 100 visible characters.")))
    if len(shown(case.reason, limit=500)) < SHORTEST_REASON:
        problems.append(("reason", _("Say why, in at least 10 characters.")))
    if not today < case.review_on <= today + LONGEST_WITHOUT_REVIEW:
        problems.append(("review_on", _("A day after today, within a year.")))
    if not case.owner.is_active:
        problems.append(("owner", _("The owner must be able to sign in.")))
    if problems:
        raise ValuesRefused(*problems)


def _record_refusal(user: User, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.HOLD_OPENED,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            outcome=Outcome.REFUSED,
            details={"why": HeldByOneself.code},
        )
