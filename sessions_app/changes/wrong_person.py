"""This was the wrong person: somebody says so, IT or Security gives back what Curfew took, and old tokens stay dead."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from audit.events import EventKind, Events
from audit.initiators import Initiator
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import CorrectionOver, NotInReceipt, ReasonTooShort
from sessions_app.changes.groups import join_exactly
from sessions_app.changes.reinstate import lift_block
from sessions_app.changes.role_changes import Wish, carry_out, decide_role_change
from sessions_app.models import (
    BlacklistEntry,
    Correction,
    CorrectionState,
    Project,
    Revocation,
    RevocationTarget,
    RoleChange,
    Step,
    StepState,
    User,
)
from sessions_app.models.moments import database_now
from sessions_app.models.projects import ProjectQuerySet
from sessions_app.models.steps import StepQuerySet
from sessions_app.revocation.claims import claims_of
from sessions_app.revocation.confirmations import publish_what_is_true
from sessions_app.revocation.errors import ActingOnOneself, OrderRefused
from sessions_app.revocation.receipt_versions import Change, sign_version
from sessions_app.revocation.rules import refuse_privileged

SHORTEST_REASON = 3

Item = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What giving back would do now. Items are {"what": code, ...} with the names that belong to it."""

    lifts_block: bool
    groups: tuple[str, ...]
    steps: int
    cannot: tuple[Item, ...]

    @property
    def items(self) -> list[Item]:
        """What is given back, as the receipt keeps it."""
        found: list[Item] = [{"what": "sign_in"}] if self.lifts_block else []
        found += [{"what": "group", "name": name} for name in self.groups]
        return found + ([{"what": "steps", "count": str(self.steps)}] if self.steps else [])


def offer_for(revocation: Revocation, user: User) -> Offer:
    """What this revocation took from the person and can be given back, and what cannot. Raises NotInReceipt."""
    target = _target(revocation, user)
    groups, over = _groups(revocation, user)
    blocked_by = _other_block(target)
    blocks = target.blocks_sign_in and target.reinstated_at is None and not user.is_active
    cannot: list[Item] = [{"what": "tokens"}]
    if blocks and blocked_by:
        cannot.append({"what": "blocked_by", "name": blocked_by})
    cannot += [{"what": "project_over", "name": name} for name in over]
    cannot += _steps_done(revocation, user)
    return Offer(
        lifts_block=blocks and not blocked_by,
        groups=tuple(groups),
        steps=_open_steps(revocation, user).count(),
        cannot=tuple(cannot),
    )


def say_wrong_person(revocation: Revocation, user: User, *, by: Initiator, why: str) -> Correction:
    """Note that it met the wrong person, and ask IT or Security; whoever said so first is the answer.

    Raises NotInReceipt, ReasonTooShort or ActingOnOneself.
    """
    _target(revocation, user)
    if by.user_id == user.pk:
        raise ActingOnOneself
    if len(why.strip()) < SHORTEST_REASON:
        raise ReasonTooShort
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        known = revocation.corrections.filter(user=user).exclude(state=CorrectionState.DECLINED).first()
        if known is not None:
            return known
        correction = Correction.objects.create(
            revocation=revocation,
            user=user,
            asked_by_id=by.user_id,
            asked_at=database_now(),
            why=why.strip(),
        )
        _record(Events.WRONG_PERSON_SAID, correction, by=by, note=why.strip())
        sign_version(revocation, Change.WRONG_PERSON)
    return correction


def give_back(correction: Correction, *, by: Initiator, note: str = "") -> Correction:
    """Give back what Curfew took: the right to sign in, memberships, and what had not been taken outside yet.

    1. In one transaction, under the person's lock: lift the block, join the groups again, call off the open steps,
       note what could not be given back. 2. Publish; where that fails the clock does, and then notes the moment.
    Raises CorrectionOver where it was decided before, ActingOnOneself or PrivilegedPerson.
    """
    try:
        with transaction.atomic():
            change = _decide(correction, by=by, note=note.strip())
    except OrderRefused as refusal:
        _record_refusal(correction, refusal, by=by)
        raise
    if change is not None:
        carry_out(change, by=by)
    publish_what_is_true(correction.user)
    settle_corrections()
    correction.refresh_from_db()
    return correction


def decline(correction: Correction, *, by: Initiator, note: str) -> Correction:
    """It was the right person after all. Raises CorrectionOver, ReasonTooShort or ActingOnOneself."""
    if len(note.strip()) < SHORTEST_REASON:
        raise ReasonTooShort
    with transaction.atomic():
        _refuse(correction, by=by)
        locked = _locked(correction)
        _note_decision(locked, CorrectionState.DECLINED, by=by, note=note.strip())
        _record(Events.WRONG_PERSON_DECLINED, locked, by=by, note=note.strip())
        sign_version(locked.revocation, Change.WRONG_PERSON)
    correction.refresh_from_db()
    return correction


def settle_corrections() -> None:
    """Note the moment for those whose person the blacklist lets in again; what the clock does as well."""
    for correction in Correction.objects.filter(state=CorrectionState.GIVEN_BACK, in_effect_at=None):
        with transaction.atomic():
            if BlacklistEntry.objects.filter(user=correction.user_id).unpublished().exists():
                continue
            # Whoever comes first, the request or the clock.
            if Correction.objects.filter(pk=correction.pk, in_effect_at=None).update(
                in_effect_at=database_now()
            ):
                sign_version(correction.revocation, Change.WRONG_PERSON)


# --- Parts --------------------------------------------------------------------------------------------


def _decide(correction: Correction, *, by: Initiator, note: str) -> RoleChange | None:
    user = User.objects.select_for_update().get(pk=correction.user_id)
    _refuse(correction, by=by)
    locked = _locked(correction)
    offer = offer_for(locked.revocation, user)
    if offer.lifts_block:
        lift_block(user, by=by, reason=note or locked.why)
    change = _join_again(user, offer.groups, by=by)
    _open_steps(locked.revocation, user).update(state=StepState.NOT_NEEDED, done_at=database_now())
    locked.given_back, locked.not_given_back = offer.items, list(offer.cannot)
    _note_decision(locked, CorrectionState.GIVEN_BACK, by=by, note=note)
    _record(Events.WRONG_PERSON_GIVEN_BACK, locked, by=by, note=note)
    sign_version(locked.revocation, Change.WRONG_PERSON)
    return change


def _refuse(correction: Correction, *, by: Initiator) -> None:
    if by.user_id == correction.user_id:
        raise ActingOnOneself
    refuse_privileged(by, correction.user)


def _locked(correction: Correction) -> Correction:
    locked = Correction.objects.select_for_update(of=("self",)).select_related("revocation", "user")
    found = locked.get(pk=correction.pk)
    if found.state != CorrectionState.ASKED:
        raise CorrectionOver
    return found


def _note_decision(correction: Correction, state: CorrectionState, *, by: Initiator, note: str) -> None:
    correction.state = state
    correction.decided_by_id = by.user_id
    correction.decided_at = database_now()
    correction.note = note
    correction.save()


def _target(revocation: Revocation, user: User) -> RevocationTarget:
    target = revocation.targets.filter(user=user, left_out="").first()
    if target is None:
        raise NotInReceipt
    return target


def _other_block(target: RevocationTarget) -> str:
    """The receipt of another decision that blocks the person as well; empty where there is none."""
    others = RevocationTarget.objects.filter(
        user=target.user_id, blocks_sign_in=True, reinstated_at=None, left_out=""
    ).exclude(pk=target.pk)
    found = others.select_related("revocation").order_by("-revocation__decided_at").first()
    return found.revocation.receipt if found else ""


def _groups(revocation: Revocation, user: User) -> tuple[list[str], list[str]]:
    """What was left by it and can be joined again, and what belonged to projects that are over."""
    left = {
        row["group"]
        for change in revocation.role_changes.filter(user=user)
        for row in change.lost
        if "group" in row
    }
    left -= set(user.memberships.values_list("group__name", flat=True))
    running = _groups_of(Project.objects.not_ended())
    over = left & (_groups_of(Project.objects.exclude(ended_at=None)) - running)
    return sorted(left - over), sorted(over)


def _groups_of(projects: ProjectQuerySet) -> set[str]:
    return set(projects.exclude(groups=None).values_list("groups__name", flat=True))


def _open_steps(revocation: Revocation, user: User) -> StepQuerySet:
    steps: StepQuerySet = Step.objects.open().filter(revocation=revocation, user=user)
    return steps


def _steps_done(revocation: Revocation, user: User) -> list[Item]:
    """Taken away outside already: only there can it be given back."""
    done = Step.objects.filter(revocation=revocation, user=user, state=StepState.DONE, is_manual=True)
    return [
        {"what": "step_done", "system": step.system, "name": str(step.what.get("name", ""))} for step in done
    ]


def _join_again(user: User, groups: tuple[str, ...], *, by: Initiator) -> RoleChange | None:
    if not groups:
        return None
    before = claims_of(user)
    memberships = join_exactly(user, {*before.groups, *groups})
    return decide_role_change(user, before, memberships, by=by, wish=Wish(received_at=database_now()))


def _record(event: EventKind, correction: Correction, *, by: Initiator, note: str) -> None:
    record(
        event,
        initiator=by,
        target=Target.of(correction.user, label=correction.user.display_name),
        receipt=correction.revocation.receipt,
        details={
            "given_back": [_in_short(item) for item in correction.given_back],
            "not_given_back": [_in_short(item) for item in correction.not_given_back],
        },
        personal={"note": note} if note else None,
    )


def _in_short(item: Item) -> str:
    return ":".join(item.values())


def _record_refusal(correction: Correction, refusal: OrderRefused, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.WRONG_PERSON_GIVEN_BACK,
            initiator=by,
            target=Target.of(correction.user, label=correction.user.display_name),
            receipt=correction.revocation.receipt,
            outcome=Outcome.REFUSED,
            details={"why": refusal.code},
        )
