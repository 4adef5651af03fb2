"""What a decision still waited for, and a token that came later proved: a second factor, or fewer claims."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Occurrence, Target, record, record_many
from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.models import Issuer, Revocation, RevocationTarget, RoleChange, RoleChangeState, User
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.revocations import OF_MANY_PEOPLE
from sessions_app.revocation import entries, publishing
from sessions_app.revocation.entries_of_record import under_each_receipt
from sessions_app.revocation.receipt_versions import Change, sign_version, sign_versions

SIGNS_IN_WITHIN = timedelta(days=1)


def note_second_factor(user: User, *, issuer: Issuer | None, proved_at: datetime, by: Initiator) -> bool:
    """Somebody of whom a second factor was demanded has proved one: the demand is over, everywhere.

    1. Lock the person, take the demand out of their entries, stamp the revocations that made it, and record
       it, in one transaction. 2. Publish; where that fails guards go on asking until the clock has published.

    False, and nothing done, where nothing was demanded, or only after `proved_at`. `issuer` is whose token proved it.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        demanded_ms = entries.second_factor_since(locked)
        # What guards saw arrives late: a proof of before the demand is none, the thief may have given it.
        if not demanded_ms or to_milliseconds(proved_at) < demanded_ms:
            return False
        entries.restate_person(locked, second_factor_since_ms=0)
        demanding = RevocationTarget.objects.filter(user=locked).demanding_second_factor()
        met = [each.revocation for each in demanding.select_related("revocation").order_by("-cutoff_ms")]
        demanding.update(second_factor_proved_at=proved_at, second_factor_proved_to=issuer)
        about = Occurrence(
            target=Target.of(locked, label=locked.display_name),
            details={"issuer": issuer.iss if issuer else "-"},
        )
        record_many(Events.SECOND_FACTOR_PROVED, initiator=by, occurrences=under_each_receipt(about, met))
        sign_versions(met, Change.SECOND_FACTOR_PROVED)
    publish_what_is_true(locked)
    return True


def note_claims(
    user: User, *, issuer: Issuer, names: Collection[str] | None, seen_at: datetime, by: Initiator
) -> None:
    """Compare a token that came after downgrades with what was lost; the first one decides, once.

    `names` are the groups and roles it claims, None where its issuer has no claim for them. A change that was
    found not reduced turns to confirmed when a reduced token follows, and never the other way.
    """
    unproved = RoleChange.objects.unproved().filter(user=user, decided_at__lte=seen_at)
    if not unproved.exists():
        return
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        # Of all that was lost, this time or before: what guards refuse is no proof that anything became less.
        is_reduced = names is not None and set(locked.lost_claims).isdisjoint(names)
        for change in unproved.select_related("user", "revocation"):
            found = _state_after(RoleChangeState(change.state), names, is_reduced=is_reduced)
            if found == change.state:
                continue
            change.state, change.checked_at, change.checked_issuer = found, seen_at, issuer
            change.seen = sorted(names or ())
            change.save(update_fields=["state", "checked_at", "checked_issuer", "seen"])
            _record(change, issuer, by=by)
            if change.revocation is not None and not change.revocation.is_of_many:
                sign_version(change.revocation, Change.CLAIMS_COMPARED)


_EVENTS = {
    RoleChangeState.CONFIRMED: Events.CLAIMS_REDUCED,
    RoleChangeState.NOT_REDUCED: Events.CLAIMS_NOT_REDUCED,
    RoleChangeState.NOT_CHECKABLE: Events.CLAIMS_NOT_COMPARED,
}


def _state_after(
    current: RoleChangeState, names: Collection[str] | None, *, is_reduced: bool
) -> RoleChangeState:
    if is_reduced:
        return RoleChangeState.CONFIRMED
    if names is None:
        return current if current is RoleChangeState.NOT_REDUCED else RoleChangeState.NOT_CHECKABLE
    return RoleChangeState.NOT_REDUCED


def _record(change: RoleChange, issuer: Issuer, *, by: Initiator) -> None:
    record(
        _EVENTS[RoleChangeState(change.state)],
        initiator=by,
        target=Target.of(change.user, label=change.user.display_name),
        receipt=change.revocation.receipt if change.revocation else "",
        details={"issuer": issuer.iss},
    )


def note_absent_sign_ins(*, by: Initiator) -> int:
    """Downgrades after which nobody signed in within a day are called so; what the clock does."""
    over = RoleChange.objects.filter(
        state=RoleChangeState.WAITING, decided_at__lt=database_now() - SIGNS_IN_WITHIN
    )
    with transaction.atomic():
        changed = list(over.select_for_update())
        keys = [change.pk for change in changed]
        RoleChange.objects.filter(pk__in=keys).update(state=RoleChangeState.NOT_SIGNED_IN)
        told = RoleChange.objects.filter(pk__in=keys).select_related("user", "revocation")
        record_many(Events.CLAIMS_NOT_SEEN, initiator=by, occurrences=[_absence(each) for each in told])
        of_one = Revocation.objects.filter(role_changes__in=keys).exclude(scope__in=OF_MANY_PEOPLE)
        sign_versions(of_one, Change.CLAIMS_COMPARED)
    return len(changed)


def _absence(change: RoleChange) -> Occurrence:
    return Occurrence(
        target=Target.of(change.user, label=change.user.display_name),
        receipt=change.revocation.receipt if change.revocation else "",
    )


def publish_what_is_true(user: User) -> bool:
    """Publish what stands in the person's entries; False where that fails, and the clock repeats it."""
    try:
        publishing.publish_person(user)
    except BlacklistUnavailable:
        return False
    return True
