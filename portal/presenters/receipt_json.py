"""A receipt for keeping: what its page says, for the same reader, and the signed document beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from audit.models import ReceiptVersion
from audit.receipts import signed
from portal.presenters.outside_tasks import OutsideTasks
from portal.presenters.receipt import Receipt
from portal.presenters.receipt_many import people_as_json
from portal.presenters.receipt_versions import SignedVersions, VersionPage
from portal.presenters.words import name_of
from sessions_app.models import Approval, Revocation, RoleChange, User


def as_json(receipt: Receipt) -> dict[str, Any]:
    """Moments are ISO 8601 in UTC with milliseconds. Only `signed` is signed; names and texts are beside it."""
    revocation = receipt.revocation
    return {
        "receipt": receipt.number,
        "state": revocation.state.value,
        "scope": revocation.scope,
        "reason": revocation.reason,
        **_about(receipt),
        "ticket": revocation.ticket,
        "note": receipt.note,
        "person": _person(receipt.person) if receipt.person else None,
        "people": _people(receipt),
        "people_not_reached": receipt.concerned.hidden,
        "ordered_by": {"kind": revocation.initiator_kind, "name": receipt.by, "door": revocation.door},
        "second_person": _second_person(receipt.approval),
        "received_at": _stamp(revocation.received_at),
        "decided_at": _stamp(revocation.decided_at),
        "cut_off_at": _stamp(revocation.cut_off_at),
        "confirmed_at": _stamp(revocation.confirmed_at),
        "seconds_to_cut_off": revocation.seconds_to_cut_off,
        "sessions_ended": revocation.sessions_ended,
        "sessions_seen": revocation.sessions_seen,
        "blocks_sign_in": revocation.blocks_sign_in,
        "sign_in_allowed_again_at": _stamp(revocation.reinstated_at),
        "proof": _proof(receipt),
        "role_change": _role_change(receipt.role_change),
        "second_factor": _second_factor(revocation),
        "attempts": revocation.attempts,
        "systems": [{"name": line.name, "state": line.word, "what": line.what} for line in receipt.lines],
        "outside": _outside(receipt.outside),
        **_signed(SignedVersions(receipt)),
    }


def version_as_json(page: VersionPage) -> dict[str, Any]:
    """One version: the signed document, and beside it the names of its ids, as they are now."""
    return {
        "receipt": page.version.receipt,
        "version": page.version.number,
        "versions": len(page.versions.all),
        "signed": signed(page.version),
        "names": page.names,
        "ordered_by": page.receipt.by,
    }


def _signed(versions: SignedVersions) -> dict[str, Any]:
    latest = versions.latest
    return {
        "signed": signed(latest) if latest else None,
        "signed_not_shown": _why_not(versions, latest),
        "versions": [version.number for version in versions.all],
    }


def _why_not(versions: SignedVersions, latest: ReceiptVersion | None) -> str | None:
    if not versions.is_shown:
        return "It is about people you do not reach, and a signed document has no gaps."
    return None if latest else "Not signed yet; the clock does it."


def _people(receipt: Receipt) -> list[dict[str, Any]]:
    reached = list(receipt.concerned.reached)
    if receipt.is_of_many:
        return people_as_json(receipt.revocation, reached)
    return [{**_person(user)} for user in reached]


def _about(receipt: Receipt) -> dict[str, Any]:
    """What many people share: the group, the project; nothing for a single person's receipt."""
    if not receipt.is_of_many:
        return {}
    targets = receipt.revocation.targets
    return {
        "about": receipt.name,
        "subject": receipt.revocation.subject,
        "counts": {
            "people": targets.filter(left_out="").count(),
            "left_out": targets.exclude(left_out="").count(),
            "sign_in_blocked": targets.filter(blocks_sign_in=True).count(),
            "sessions_ended": receipt.revocation.sessions_ended,
        },
    }


def _person(user: User) -> dict[str, str]:
    return {"id": str(user.pk), "name": name_of(user)}


def _proof(receipt: Receipt) -> dict[str, str] | None:
    if not receipt.proof:
        return None
    return {"asked_for": receipt.revocation.proof_kind, "ends_in": receipt.revocation.proof_tail}


def _role_change(change: RoleChange | None) -> dict[str, Any] | None:
    """Claims as they stand in tokens, and whether the next token was compared, when, and at which issuer."""
    if change is None:
        return None
    return {
        "lost": change.lost,
        "kept": change.kept,
        "gained": change.gained,
        "state": change.state,
        "compared_at": _stamp(change.checked_at),
        "compared_with": change.checked_issuer.iss if change.checked_issuer else None,
    }


def _second_person(approval: Approval | None) -> dict[str, str | None] | None:
    """Who approved it, or that Security went alone; None where one person was enough."""
    if approval is None:
        return None
    return {
        "how": approval.state,
        "name": name_of(approval.decided_by) if approval.decided_by else None,
        "asked_at": _stamp(approval.asked_at),
        "decided_at": _stamp(approval.decided_at),
    }


def _outside(tasks: OutsideTasks) -> dict[str, Any]:
    """What people do by hand in other systems: counted, and in words. No system itself confirmed any of it."""
    return {
        "said": tasks.sentence_to_keep,
        "open": tasks.open,
        "overdue": tasks.overdue,
        "done": tasks.done,
        "not_needed": tasks.not_needed,
        "first_due_at": _stamp(tasks.first_due_at),
        "last_done_at": _stamp(tasks.last_done_at),
    }


def _second_factor(revocation: Revocation) -> dict[str, str | None] | None:
    """None where none was demanded."""
    if not revocation.second_factor_next:
        return None
    issuer = revocation.second_factor_proved_to
    return {
        "proved_at": _stamp(revocation.second_factor_proved_at),
        "proved_to": issuer.iss if issuer else None,
        "waived_at": _stamp(revocation.second_factor_waived_at),
    }


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else None
