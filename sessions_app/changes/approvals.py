"""A second person for what is too large or too dangerous for one: asked, decided once, carried out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Door, Initiator, InitiatorKind
from audit.receipts import stamp
from audit.record import Outcome, Target, record
from sessions_app.changes import approval_rules
from sessions_app.changes.blast_radius import Why
from sessions_app.changes.errors import (
    ApprovalOver,
    AskerGone,
    ChangeRefused,
    NothingToReview,
    OnlyWhoAsked,
    ReasonTooShort,
    ValuesRefused,
)
from sessions_app.models import (
    Approval,
    ApprovalKind,
    ApprovalState,
    MachineCredential,
    Policy,
    Project,
    ReviewVerdict,
    Revocation,
    User,
)
from sessions_app.models.moments import database_now
from sessions_app.revocation.engine import cut_off
from sessions_app.revocation.errors import ActingOnOneself, OrderRefused
from sessions_app.revocation.orders import SecondPerson

LONGEST_REQUEST = 500_000
SHORTEST_NOTE = 3
REVIEW_WITHIN = timedelta(days=1)


# --- What is carried out ------------------------------------------------------------------------------

Carry = Callable[[Approval, Initiator], Revocation | None]


def _nothing(_approval: Approval) -> None:
    """Nothing else hangs on it."""


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What one kind of approval leads to.

    `decide(approval, by)` runs in the transaction in which somebody approves, `by` being whoever asked: it stores the
    decision (`engine.decide`, with `second_person_of` in the order) and publishes nothing. What it returns is cut
    off after the commit, and then `follow` runs. It raises a child of OrderRefused or ChangeRefused where what was
    asked is not allowed any more: then nothing was approved. `give_up` runs in the transaction in which it is
    declined, withdrawn or lapses.
    """

    decide: Carry
    follow: Callable[[Approval], None] = _nothing
    give_up: Callable[[Approval], None] = _nothing


# Filled from `approved_deeds` when the app is ready: what asks must not have to know what is carried out.
DEEDS: Final[dict[ApprovalKind, Deed]] = {}


def second_person_of(approval: Approval) -> SecondPerson:
    """What the order says of it."""
    return SecondPerson(approval_id=approval.pk)


# --- Asking -------------------------------------------------------------------------------------------


def ask(
    kind: ApprovalKind,
    *,
    request: Mapping[str, Any],
    people: int,
    sessions: int,
    why: Collection[Why],
    by: Initiator,
    project: Project | None = None,
    person: User | None = None,
    note: str = "",
) -> Approval:
    """Let a second person decide, until the policy's time is over. Nothing is ended by it.

    `request` is what the deed needs to be carried out: ids and codes, no name, no token; what somebody typed goes
    into `note`. Asking again for what still waits, by the same person, is answered with the first. Raises
    ValuesRefused, NobodyAnswers, or ActingOnOneself.
    """
    asker = approval_rules.responsible_for(by)
    if person is not None and approval_rules.is_same_person(asker, person):
        raise ActingOnOneself
    fingerprint = _fingerprint(kind, request, note)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=asker.pk)
        now = database_now()
        asked = Approval.objects.waiting(now).filter(asked_by=asker, fingerprint=fingerprint).first()
        if asked is not None:
            return asked
        approval = Approval.objects.create(
            kind=kind,
            request=dict(request),
            fingerprint=fingerprint,
            people=people,
            sessions=sessions,
            why=[str(each) for each in why],
            project=project,
            person=person,
            asked_by=asker,
            asked_as=_kept(by),
            asked_at=now,
            asked_note=note,
            expires_at=now + Policy.current().approval_lasts,
        )
        _record(Events.APPROVAL_ASKED, approval, by=by, note=note, because=approval.why)
    return approval


def _fingerprint(kind: ApprovalKind, request: Mapping[str, Any], note: str) -> str:
    asked = json.dumps([kind, dict(request), note], sort_keys=True)
    if len(asked) > LONGEST_REQUEST:
        raise ValuesRefused(("request", _("This is too much to be approved at once.")))
    return hashlib.sha256(asked.encode()).hexdigest()


def _kept(by: Initiator) -> dict[str, Any]:
    return {"kind": str(by.kind), "id": by.id, "door": str(by.door), "roles": sorted(by.roles)}


def asker_of(approval: Approval) -> Initiator:
    """Whoever asked, as the order names them, with the roles they have now: they may have lost some since."""
    kept = approval.asked_as
    is_person = kept["kind"] == InitiatorKind.USER
    asker = User.objects.get(pk=approval.asked_by_id)
    credential = None if is_person else MachineCredential.objects.filter(prefix=kept["id"]).first()
    return Initiator(
        kind=InitiatorKind(kept["kind"]),
        id=kept["id"],
        name=asker.display_name if is_person else credential.name if credential else "",
        door=Door(kept["door"]),
        roles=frozenset(str(role) for role in asker.lasting_roles) if is_person else frozenset(),
    )


# --- Deciding -----------------------------------------------------------------------------------------


def approve(approval: Approval, *, by: Initiator, note: str = "") -> Approval:
    """Agree, and carry it out in the same transaction, under the name of whoever asked; then cut off.

    Whoever comes second finds it decided. Raises ApprovalOver, the child of ChangeRefused that says why this is no
    second person for it, or what the deed raises: then nothing was approved and it waits on.
    """
    return _carry_out(
        approval,
        state=ApprovalState.APPROVED,
        event=Events.APPROVAL_GIVEN,
        refuse=approval_rules.refuse_deciding,
        by=by,
        note=note,
    )


def break_glass(approval: Approval, *, by: Initiator, reason: str) -> Approval:
    """Security goes alone with what they asked for; somebody else reviews it by the next day.

    Raises ReasonTooShort, GlassNotForThis, ApprovalOver or what the deed raises.
    """
    _require(reason)
    return _carry_out(
        approval,
        state=ApprovalState.BROKEN_GLASS,
        event=Events.GLASS_BROKEN,
        refuse=approval_rules.refuse_breaking_glass,
        by=by,
        note=reason,
    )


def decline(approval: Approval, *, by: Initiator, note: str) -> Approval:
    """Say no, and why. Raises ReasonTooShort, ApprovalOver, or why this is no second person for it."""
    _require(note)
    try:
        with transaction.atomic():
            locked = _lock(approval)
            approval_rules.refuse_deciding(locked, by)
            _close(locked, ApprovalState.DECLINED, by=by, note=note)
            DEEDS[ApprovalKind(locked.kind)].give_up(locked)
            _record(Events.APPROVAL_DECLINED, locked, by=by, note=note)
    except ChangeRefused as refusal:
        _record_refusal(approval, Events.APPROVAL_DECLINED, refusal, by=by)
        raise
    return locked


def withdraw(approval: Approval, *, by: Initiator) -> Approval:
    """Take back one's own request. Raises OnlyWhoAsked or ApprovalOver."""
    with transaction.atomic():
        locked = _lock(approval)
        if by.user_id != locked.asked_by_id:
            raise OnlyWhoAsked
        _close(locked, ApprovalState.WITHDRAWN, by=by)
        DEEDS[ApprovalKind(locked.kind)].give_up(locked)
        _record(Events.APPROVAL_WITHDRAWN, locked, by=by)
    return locked


def review(approval: Approval, *, by: Initiator, verdict: ReviewVerdict, note: str) -> Approval:
    """Say of what was done alone whether it was justified. Raises NothingToReview, ReasonTooShort, or why not."""
    _require(note)
    try:
        with transaction.atomic():
            locked = Approval.objects.select_for_update().get(pk=approval.pk)
            if locked.state != ApprovalState.BROKEN_GLASS or locked.reviewed_at is not None:
                raise NothingToReview
            approval_rules.refuse_deciding(locked, by)
            locked.reviewed_by_id = by.user_id
            locked.reviewed_at = database_now()
            locked.verdict = verdict
            locked.review_note = note
            locked.save(update_fields=["reviewed_by", "reviewed_at", "verdict", "review_note"])
            _record(Events.GLASS_REVIEWED, locked, by=by, note=note, verdict=str(verdict))
    except ChangeRefused as refusal:
        _record_refusal(approval, Events.GLASS_REVIEWED, refusal, by=by)
        raise
    return locked


def lapse_what_is_old(*, by: Initiator) -> int:
    """What nobody decided in time; returns how many. However long no clock ran, none of them could be approved."""
    too_old = list(Approval.objects.too_old(database_now()).values_list("pk", flat=True))
    return sum(_lapse(pk, by=by) for pk in too_old)


@transaction.atomic
def _lapse(pk: Any, *, by: Initiator) -> bool:
    approval = Approval.objects.select_for_update().filter(pk=pk, state=ApprovalState.WAITING).first()
    if approval is None:
        return False
    _close(approval, ApprovalState.LAPSED, by=by)
    DEEDS[ApprovalKind(approval.kind)].give_up(approval)
    _record(Events.APPROVAL_LAPSED, approval, by=by)
    return True


def overtake(project: Project, *, by: Initiator) -> None:
    """Close what waits about this project, which has ended without it, with an entry each.

    In the transaction in which it ends. What somebody decides at this very moment is left to them, because each
    would wait for the other: they find the project over, and the clock closes it (`close_what_was_overtaken`).
    """
    overtaken = Approval.objects.overtaken().filter(project=project).order_by("asked_at")
    for approval in overtaken.select_for_update(of=("self",), skip_locked=True):
        _close(approval, ApprovalState.OVERTAKEN, by=None)
        DEEDS[ApprovalKind(approval.kind)].give_up(approval)
        _record(Events.APPROVAL_OVERTAKEN, approval, by=by, ended_at=stamp(project.ended_at))


def close_what_was_overtaken(*, by: Initiator) -> None:
    """What still waits although its project has ended, however that came about."""
    for project in Project.objects.filter(pk__in=Approval.objects.overtaken().values("project")):
        with transaction.atomic():
            overtake(project, by=by)


# --- Parts --------------------------------------------------------------------------------------------


def _carry_out(
    approval: Approval,
    *,
    state: ApprovalState,
    event: EventKind,
    refuse: Callable[[Approval, Initiator], None],
    by: Initiator,
    note: str,
) -> Approval:
    deed = DEEDS[ApprovalKind(approval.kind)]
    asker = asker_of(approval)
    try:
        with transaction.atomic():
            locked = _lock(approval)
            refuse(locked, by)
            if not locked.asked_by.is_active:
                raise AskerGone
            _close(locked, state, by=by, note=note)
            _record(event, locked, by=by, note=note)
            revocation = deed.decide(locked, asker)
    except (ChangeRefused, OrderRefused) as refusal:
        _record_refusal(approval, event, refusal, by=by)
        raise
    if revocation is not None:
        cut_off(revocation, by=asker)
    deed.follow(locked)
    locked.refresh_from_db()
    return locked


def _lock(approval: Approval) -> Approval:
    """The row as it is now. Raises ApprovalOver unless it still waits."""
    locked = Approval.objects.select_for_update().get(pk=approval.pk)
    if locked.state != ApprovalState.WAITING or locked.expires_at <= database_now():
        raise ApprovalOver
    return locked


def _close(approval: Approval, state: ApprovalState, *, by: Initiator | None, note: str = "") -> None:
    """`by` is None where nobody decided it."""
    approval.state = state
    approval.decided_at = database_now()
    approval.decided_by_id = by.user_id if by else None
    approval.note = note
    if state == ApprovalState.BROKEN_GLASS:
        approval.review_due_at = approval.decided_at + REVIEW_WITHIN
    approval.save(update_fields=["state", "decided_at", "decided_by", "note", "review_due_at"])


def _require(note: str) -> None:
    if len(note.strip()) < SHORTEST_NOTE:
        raise ReasonTooShort


def _target(approval: Approval) -> Target:
    if approval.person is not None:
        return Target.of(approval.person, label=approval.person.display_name)
    if approval.project is not None:
        return Target.of(approval.project, label=approval.project.name)
    return Target.of(approval)


def _record(event: EventKind, approval: Approval, *, by: Initiator, note: str = "", **details: Any) -> None:
    record(
        event,
        initiator=by,
        target=_target(approval),
        project=approval.project.key if approval.project else "",
        details={
            "kind": str(approval.kind),
            "approval": str(approval.pk),
            "people": approval.people,
            **details,
        },
        personal={"note": note} if note else None,
    )


def _record_refusal(
    approval: Approval, event: EventKind, refusal: ChangeRefused | OrderRefused, *, by: Initiator
) -> None:
    with transaction.atomic():
        record(
            event,
            initiator=by,
            target=_target(approval),
            outcome=Outcome.REFUSED,
            details={"why": refusal.code, "kind": str(approval.kind), "approval": str(approval.pk)},
        )
