"""What a version of a receipt says of its revocation, and when one is made."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Max

from audit.errors import UnknownSigningKey
from audit.models import ReceiptVersion
from audit.receipts import add_version, is_sealed, names_numbers, stamp
from audit.signing import current_fingerprint
from sessions_app.models import (
    Approval,
    EndedSession,
    Revocation,
    RevocationTarget,
    RoleChange,
    Step,
    StepState,
)
from sessions_app.models.moments import from_milliseconds, to_milliseconds
from sessions_app.models.revocations import ReceiptOwes

logger = logging.getLogger(__name__)

NO_OUTSIDE_SYSTEMS = "no outside systems connected"
BY_HAND = "no outside systems connected; people do it by hand and say how they know"
SIGNED_AT_ONCE = 200
NAMED_AT_MOST = 500


class Change(StrEnum):
    """Why a version was made."""

    DECIDED = "decided"
    ROLE_CHANGED = "role_changed"
    SESSIONS_ENDED = "sessions_ended"
    CUT_OFF = "cut_off"
    TOLD = "told"
    SECOND_FACTOR_PROVED = "second_factor_proved"
    SECOND_FACTOR_WAIVED = "second_factor_waived"
    CLAIMS_COMPARED = "claims_compared"
    SIGN_IN_ALLOWED_AGAIN = "sign_in_allowed_again"
    WRONG_PERSON = "wrong_person"
    TASKS_DONE = "tasks_done"
    TASK_REOPENED = "task_reopened"
    SEALED = "sealed"
    MADE_LATE = "made_late"


def sign_version(revocation: Revocation, change: Change) -> ReceiptVersion | None:
    """The next version of this revocation's receipt, in the transaction of the change of state.

    Ending access never waits for a signature: where none can be made, for whatever reason, the change stands,
    the receipt owes a version, and the clock makes it. None then.
    """
    locked = Revocation.objects.select_for_update(no_key=True).get(pk=revocation.pk)
    try:
        with transaction.atomic():
            facts = {"change": change.value, **what_is_true(locked)}
            version = add_version(locked.receipt, facts=facts)
    except Exception:  # whatever it is, it must not keep anybody's access open
        logger.exception("receipt %s could not be signed", locked.receipt)
        _owe(revocation, ReceiptOwes.VERSION)
        return None
    _owe(revocation, ReceiptOwes.NOTHING if names_numbers(version) else ReceiptOwes.NUMBERS)
    return version


def sign_versions(revocations: Iterable[Revocation], change: Change) -> None:
    """The same for each of several."""
    for revocation in revocations:
        sign_version(revocation, change)


def _owe(revocation: Revocation, owes: ReceiptOwes) -> None:
    Revocation.objects.filter(pk=revocation.pk).update(receipt_owes=owes)
    revocation.receipt_owes = owes


# --- What the clock does --------------------------------------------------------------------------


def sign_what_is_owed() -> int:
    """Versions that could not be signed when the state changed, and the numbers of entries sealed meanwhile.

    Oldest first, a limited number at a time; returns how many were made. One that fails keeps its place and
    does not hold up the others; nothing is tried while the key cannot be used.
    """
    if not _may_sign():
        return 0
    late = [(each, Change.MADE_LATE) for each in _owing(ReceiptOwes.VERSION)]
    sealed = [(each, Change.SEALED) for each in _owing(ReceiptOwes.NUMBERS) if is_sealed(each.receipt)]
    return sum(_is_signed(revocation, change) for revocation, change in [*late, *sealed])


def _may_sign() -> bool:
    try:
        current_fingerprint()
    except (UnknownSigningKey, ImproperlyConfigured, OSError) as failure:
        logger.warning("receipts cannot be signed: %s", failure)
        return False
    return True


def _owing(owes: ReceiptOwes) -> list[Revocation]:
    return list(Revocation.objects.filter(receipt_owes=owes).order_by("decided_at")[:SIGNED_AT_ONCE])


def _is_signed(revocation: Revocation, change: Change) -> bool:
    with transaction.atomic():
        return sign_version(revocation, change) is not None


# --- What a version says --------------------------------------------------------------------------


def what_is_true(revocation: Revocation) -> dict[str, Any]:
    """What the next version would say. Ids and codes only: no name, no address, no note, no ticket.

    Whoever changes any of it signs a version in the same transaction.
    """
    return {
        "state": _state(revocation),
        "scope": revocation.scope,
        "subject": revocation.subject or None,
        "reason": revocation.reason,
        "ordered_by": {
            "kind": revocation.initiator_kind,
            "id": revocation.initiator_id,
            "door": revocation.door,
        },
        "people": _people(revocation),
        "clocks": _clocks(revocation),
        "blocks_sign_in": revocation.blocks_sign_in,
        "sessions_ended": revocation.sessions_ended,
        "sessions_seen": revocation.sessions_seen,
        "sessions": _sessions(revocation),
        "proof": _proof(revocation),
        "second_factor": _second_factor(revocation),
        "role_change": _role_change(revocation),
        "second_person": _second_person(revocation),
        "wrong_person": _wrong_person(revocation),
        "systems": _systems(revocation),
    }


def _state(revocation: Revocation) -> str:
    """Without "stuck", which is only the age of a decision that waits."""
    if revocation.confirmed_at:
        return "confirmed"
    return "cut_off" if revocation.cut_off_at else "requested"


def _people(revocation: Revocation) -> list[dict[str, Any]]:
    targets = revocation.targets.order_by("user_id")
    if _is_counted(revocation):
        return [_one_of_many(target) for target in targets]
    return [
        {"id": str(target.user_id), "cutoff": stamp(from_milliseconds(target.cutoff_ms))}
        for target in targets
    ]


def _is_counted(revocation: Revocation) -> bool:
    """Whether its people are told with the count of their sessions, because each by name would be too many."""
    return revocation.is_of_many or revocation.sessions_ended > NAMED_AT_MOST


def _one_of_many(target: RevocationTarget) -> dict[str, Any]:
    """Counted, without each session by name: those stand in the entries of the trail."""
    return {
        "id": str(target.user_id),
        "cutoff": stamp(from_milliseconds(target.cutoff_ms)) if target.cutoff_ms else None,
        "sessions_ended": target.sessions_ended,
        "blocks_sign_in": target.blocks_sign_in,
        "keeps_projects": target.keeps,
        "left_out": target.left_out or None,
        "sign_in_allowed_again_at": stamp(target.reinstated_at),
    }


def _clocks(revocation: Revocation) -> dict[str, Any]:
    return {
        "received_at": stamp(revocation.received_at),
        "decided_at": stamp(revocation.decided_at),
        "cut_off_at": stamp(revocation.cut_off_at),
        "milliseconds_to_cut_off": _milliseconds_to_cut_off(revocation),
        "confirmed_at": stamp(revocation.confirmed_at),
        "told_at": stamp(revocation.told_at),
        "sign_in_allowed_again_at": stamp(revocation.reinstated_at),
    }


def _milliseconds_to_cut_off(revocation: Revocation) -> int | None:
    if revocation.cut_off_at is None:
        return None
    return to_milliseconds(revocation.cut_off_at) - to_milliseconds(revocation.received_at)


def _sessions(revocation: Revocation) -> list[dict[str, Any]]:
    if _is_counted(revocation):
        return []
    endings = revocation.ended_sessions.select_related("session__realm").prefetch_related(
        "session__applications"
    )
    return [_session(ending) for ending in endings.order_by("session__began_at", "session_id")]


def _session(ending: EndedSession) -> dict[str, Any]:
    session = ending.session
    return {
        "id": str(session.pk),
        "person": str(session.user_id),
        "realm": session.realm.key,
        "applications": sorted(application.key for application in session.applications.all()),
        "began_at": stamp(session.began_at),
        "cannot_be_cut_before": stamp(ending.lives_until),
    }


def _proof(revocation: Revocation) -> dict[str, str | None] | None:
    """What the guard was asked and refused; None while nothing was proved."""
    if revocation.cut_off_at is None or not revocation.proof_kind:
        return None
    return {
        "asked_for": revocation.proof_kind,
        "ends_in": revocation.proof_tail,
        "answer": "REVOKED",
        "at": stamp(revocation.cut_off_at),
    }


def _second_factor(revocation: Revocation) -> dict[str, str | None] | None:
    if not revocation.second_factor_next:
        return None
    issuer = revocation.second_factor_proved_to
    return {
        "proved_at": stamp(revocation.second_factor_proved_at),
        "proved_to": issuer.iss if issuer else None,
        "waived_at": stamp(revocation.second_factor_waived_at),
    }


def _wrong_person(revocation: Revocation) -> list[dict[str, Any]]:
    """Who was said to be the wrong person, and what was given back."""
    return [
        {
            "person": str(each.user_id),
            "state": each.state,
            "said_at": stamp(each.asked_at),
            "decided_at": stamp(each.decided_at),
            "in_effect_at": stamp(each.in_effect_at),
            "given_back": each.given_back,
            "not_given_back": each.not_given_back,
        }
        for each in revocation.corrections.order_by("asked_at", "id")
    ]


def _second_person(revocation: Revocation) -> dict[str, Any] | None:
    """Who approved it, or that Security went alone; None where one person was enough."""
    approval = Approval.objects.filter(revocation=revocation).first()
    if approval is None:
        return None
    return {
        "how": approval.state,
        "id": str(approval.decided_by_id),
        "asked_at": stamp(approval.asked_at),
        "decided_at": stamp(approval.decided_at),
    }


def _systems(revocation: Revocation) -> dict[str, Any]:
    """What people do by hand, counted for each resource; nothing where there is none. Their words are in the trail."""
    if not revocation.is_of_many:
        return {"outside": [], "said": NO_OUTSIDE_SYSTEMS}
    tasks = Step.objects.filter(revocation=revocation, is_manual=True)
    counted = Counter(tasks.values_list("system", "resource", "state"))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for (system, resource, state), count in sorted(counted.items(), key=str):
        same = found.setdefault((system, str(resource)), {"system": system, "resource": str(resource)})
        same[state] = count
    last = tasks.filter(state=StepState.DONE).aggregate(at=Max("done_at"))
    return {
        "outside": [],
        "said": BY_HAND if found else NO_OUTSIDE_SYSTEMS,
        "tasks": list(found.values()),
        "last_done_at": stamp(last["at"]),
    }


def _role_change(revocation: Revocation) -> dict[str, Any] | None:
    if revocation.is_of_many:
        return None
    change: RoleChange | None = revocation.role_changes.select_related("checked_issuer").first()
    if change is None:
        return None
    return {
        "lost": change.lost,
        "kept": change.kept,
        "gained": change.gained,
        "state": change.state,
        "compared_at": stamp(change.checked_at),
        "compared_with": change.checked_issuer.iss if change.checked_issuer else None,
    }
