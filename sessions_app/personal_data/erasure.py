"""Erasing a person in place: what tells who they were goes, what proves what was done stays under a pseudonym."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.erasure import blank_subject
from audit.events import EventKind, Events
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import ChangeRefused, ReasonTooShort
from sessions_app.models import (
    Approval,
    Attempt,
    Consent,
    Correction,
    Leaving,
    LegalHold,
    MachineCredential,
    Membership,
    ProjectEnding,
    Revocation,
    RoleGrant,
    Session,
    Step,
    User,
    UserKind,
)
from sessions_app.models.moments import database_now
from sessions_app.personal_data.holds import UnderHold, is_held
from sessions_app.personal_data.retention import ORIGIN

SHORTEST_REASON: Final = 3


class ErasingOneself(ChangeRefused):
    code = "erasing_oneself"
    sentence = _("Nobody erases themselves.")


class ErasedAlready(ChangeRefused):
    code = "erased_already"
    sentence = _("This person was erased already.")


class StillSignsIn(ChangeRefused):
    code = "still_signs_in"
    sentence = _("End this person's access first, so that nothing of theirs is alive.")


class HoldsARole(ChangeRefused):
    code = "holds_a_role"
    sentence = _("Take this person's roles back first.")


class NotAPerson(ChangeRefused):
    code = "not_a_person"
    sentence = _("This account belongs to a program.")


# What other packages keep of people, and how it goes: (name, what to do). They add to it when they are ready.
ALSO: Final[dict[str, Callable[[User], int]]] = {}


def erase_person(user: User, *, reason: str, by: Initiator) -> dict[str, int]:
    """Blank everything that tells who this person was, for ever; returns how much went, by name.

    1. Lock the person; refuse while anything of theirs is alive, held or in office.
    2. In one transaction: their names, addresses, devices and notes, here and beside the entries of the trail,
       whose chain stays whole because it never held them. The id by which issuers name the person stays,
       because guards refuse by it.

    Raises the child of ChangeRefused that fits, having stored nothing but the refusal.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort
    try:
        return _erase(user, reason=reason.strip(), by=by)
    except ChangeRefused as refusal:
        _record_refusal(user, refusal, by=by)
        raise


@transaction.atomic
def _erase(user: User, *, reason: str, by: Initiator) -> dict[str, int]:
    locked = User.objects.select_for_update().get(pk=user.pk)
    _refuse(locked, by=by)
    counts = {name: forget(locked) for name, forget in {**_HERE, **ALSO}.items()}
    _blank(locked)
    about = Target.of(locked)
    counts["trail"] = blank_subject(about, initiator=by)
    record(Events.PERSON_ERASED, initiator=by, target=about, details=counts, personal={"note": reason})
    return counts


def _refuse(user: User, *, by: Initiator) -> None:
    found = {
        ErasingOneself: by.user_id == user.pk,
        NotAPerson: user.kind != UserKind.PERSON,
        ErasedAlready: user.erased_at is not None,
        UnderHold: is_held(user),
        HoldsARole: bool(user.roles),
        StillSignsIn: user.sign_in_blocked_at is None or Session.objects.of(user).open().exists(),
    }
    for refusal, applies in found.items():
        if applies:
            raise refusal


def _blank(user: User) -> None:
    user.username = user.pseudonym
    user.display_name = user.pseudonym
    user.external_id = user.last_day = user.manager = user.last_login = None
    user.email = user.employee_number = user.job_title = ""
    user.department = user.legal_entity = user.country = ""
    user.password = make_password(None)
    user.erased_at = database_now()
    user.save()


def _sessions(user: User) -> int:
    return Session.objects.of(user).update(**ORIGIN)


def _attempts(user: User) -> int:
    return Attempt.objects.filter(user=user, address__isnull=False).update(address=None)


def _notes(user: User) -> int:
    """Of every revocation that was about them, also together with others: whose note it is cannot be told."""
    about = Revocation.objects.filter(pk__in=Revocation.objects.of(user).values("pk"))
    return (
        about.exclude(note="").update(note="")
        + ProjectEnding.objects.filter(revocation__in=about).exclude(note="").update(note="")
        + Correction.objects.filter(user=user).update(why="", note="")
        + Approval.objects.filter(person=user).update(asked_note="", note="", review_note="")
        + Leaving.objects.filter(user=user).exclude(note="").update(note="")
        + Step.objects.filter(user=user).exclude(evidence="").update(evidence="")
    )


def _decisions(user: User) -> int:
    named = {"initiator_name": user.pseudonym}
    return (
        Revocation.objects.ordered_by(user).update(**named)
        + ProjectEnding.objects.filter(initiator_user=user).update(**named)
        + Leaving.objects.filter(initiator_user=user).update(**named)
    )


def _grants(user: User) -> int:
    """Why they held roles goes; that they gave some to others stays, without their name."""
    given, taken = _grants_in(user, Events.ROLE_GRANTED), _grants_in(user, Events.ROLE_REVOKED)
    return (
        RoleGrant.objects.filter(user=user).update(reason="")
        + RoleGrant.objects.filter(pk__in=given).update(granted_by=user.pseudonym)
        + RoleGrant.objects.filter(pk__in=taken).update(revoked_by=user.pseudonym)
    )


def _grants_in(user: User, event: EventKind) -> set[str]:
    """The grants of such entries of theirs: the rows keep a name only, which others may share."""
    entries = AuditEntry.objects.by_initiator(user.pk).filter(event_code=event.code)
    return {str(entry.details["grant"]) for entry in entries if "grant" in entry.details}


def _credentials(user: User) -> int:
    made = AuditEntry.objects.by_initiator(user.pk).filter(event_code=Events.CREDENTIAL_CREATED.code)
    prefixes = list(made.values_list("target_id", flat=True))
    return MachineCredential.objects.filter(prefix__in=prefixes).update(created_by=user.pseudonym)


def _holds(user: User) -> int:
    return LegalHold.objects.filter(user=user).update(case="", reason="")


def _consents(user: User) -> int:
    return Consent.objects.filter(user=user).delete()[0]


def _memberships(user: User) -> int:
    return Membership.objects.filter(user=user).delete()[0]


_HERE: Final[dict[str, Callable[[User], int]]] = {
    "sessions": _sessions,
    "attempts": _attempts,
    "notes": _notes,
    "decisions": _decisions,
    "grants": _grants,
    "credentials": _credentials,
    "holds": _holds,
    "consents": _consents,
    "memberships": _memberships,
}


def _record_refusal(user: User, refusal: ChangeRefused, *, by: Initiator) -> None:
    with transaction.atomic():
        record(
            Events.PERSON_ERASED,
            initiator=by,
            target=Target.of(user, label=user.display_name),
            outcome=Outcome.REFUSED,
            details={"why": refusal.code},
        )
