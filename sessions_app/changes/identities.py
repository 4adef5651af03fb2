"""Linking an identity to a person: every cutoff and block they have counts for it from the first moment."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Outcome, Target, record
from sessions_app.changes.errors import IdentityTaken, RealmUnknown, ValuesRefused
from sessions_app.changes.texts import is_identifier
from sessions_app.models import (
    BlacklistEntry,
    EntryKind,
    Identity,
    Realm,
    RevocationTarget,
    User,
)
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation import entries
from sessions_app.revocation.entries import PersonState
from sessions_app.revocation.publishing import publish_person
from sessions_app.tokens.profiles import OWN_ISSUERS


def link_identity(user: User, realm: Realm, person_id: str, *, by: Initiator) -> Identity:
    """Make (realm, person_id) an identity of this person; linking the same again changes nothing.

    1. Lock the person, store the identity, its blacklist entry with every cutoff and block the person
       has, and the audit entry, in one transaction.
    2. Publish that entry and read it back, before the link counts.

    Raises IdentityTaken, having stored nothing but the refusal. Raises BlacklistUnavailable when step 2
    fails: the link is stored then and the clock publishes it, but the caller must not act on it yet.
    """
    try:
        with transaction.atomic():
            locked = User.objects.select_for_update().get(pk=user.pk)
            identity = write_link(locked, realm, person_id, by=by)
    except IdentityTaken as refusal:
        record_taken(Target.of(user, label=user.display_name), refusal, by=by)
        raise
    make_links_count(user)
    return identity


def write_link(user: User, realm: Realm, person_id: str, *, by: Initiator) -> Identity:
    """Step 1 alone, for a change that links among other things; expects its transaction and the person's lock.

    Such a change calls `make_links_count` once it is committed.
    """
    if not is_identifier(person_id):
        raise ValuesRefused(("person_id", _("An id has 1 to 512 bytes and no NUL character.")))
    _refuse_ours_for_somebody_else(user, realm, person_id)
    existing = Identity.objects.filter(realm=realm, person_id=person_id).first()
    if existing is not None and existing.user_id != user.pk:
        raise IdentityTaken(realm.key)
    if existing is not None:
        return existing
    identity = Identity.objects.create(realm=realm, person_id=person_id, user=user)
    _carry_over(user, identity)
    record(
        Events.IDENTITY_LINKED,
        initiator=by,
        target=Target.of(user, label=user.display_name),
        details={"realm": realm.key},
        personal={"person_id": person_id},
    )
    return identity


def _refuse_ours_for_somebody_else(user: User, realm: Realm, person_id: str) -> None:
    """In the portal's own realm everybody is named by their own key.

    Linked to another person, that key would die with them: ending an ordinary person's access would then end
    the portal session of somebody whom only Security may end.
    """
    if realm.key.startswith(OWN_ISSUERS) and person_id != str(user.pk):
        raise RealmUnknown


def make_links_count(user: User) -> None:
    """Publish whatever of this person's entries is not in the blacklist yet. Raises BlacklistUnavailable."""
    if BlacklistEntry.objects.filter(user=user).unpublished().exists():
        publish_person(user)


def record_taken(offered_for: Target, refusal: IdentityTaken, *, by: Initiator) -> None:
    """The refusal as an entry of its own, after the transaction that met it was rolled back."""
    with transaction.atomic():
        record(
            Events.IDENTITY_REFUSED,
            initiator=by,
            target=offered_for,
            outcome=Outcome.REFUSED,
            details={"realm": refusal.realm_key, "why": refusal.code},
        )


def _carry_over(user: User, identity: Identity) -> None:
    state = state_of(user)
    over_at_ms = state.cutoff_ms + entries.allowance_in(identity.realm) + entries.life_in(identity.realm)
    is_over = not state.cutoff_ms or over_at_ms <= to_milliseconds(database_now())
    if is_over and not state.second_factor_since_ms and not state.lost:
        return  # No session from before so old a cutoff can be alive.
    user.revision = state.revision
    user.save(update_fields=["revision"])
    entries.write_person(identity, state)


def state_of(user: User) -> PersonState:
    """What the next entry of this person must say: everything decided about the whole person so far."""
    latest = user.latest_revocation()
    cutoff_ms = latest_cutoff_ms(user)
    blocked = user.sign_in_blocked_at is not None
    if blocked:
        # The entry's life is counted from its cutoff; a block must outlive that of an old decision.
        cutoff_ms = to_milliseconds(database_now())
    return PersonState(
        revision=user.revision + 1,
        cutoff_ms=cutoff_ms,
        blocked=blocked,
        second_factor_since_ms=entries.second_factor_since(user),
        receipt=latest.receipt if latest else "",
        why=entries.why_of(latest),
        lost=entries.lost_by(user),
    )


def latest_cutoff_ms(user: User) -> int:
    """The newest moment before which every session of the person counts as ended; 0 where there is none.

    Taken from the decisions, and from existing entries less their realm's clock allowance, which the next
    entry adds again for its own realm.
    """
    decided = (
        RevocationTarget.objects.filter(user=user)
        .of_whole_people()
        .aggregate(cutoff_ms=Max("cutoff_ms"), reinstated_at=Max("reinstated_at"))
    )
    moments = [decided["cutoff_ms"] or 0]
    if decided["reinstated_at"]:
        moments.append(to_milliseconds(decided["reinstated_at"]))
    written = BlacklistEntry.objects.filter(kind=EntryKind.USER, user=user).select_related("realm")
    moments += [entry.cutoff_ms - entries.allowance_in(entry.realm) for entry in written]
    return max(moments)
