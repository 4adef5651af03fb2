"""Erasing: no name is left anywhere, the trail stays whole, and nobody is erased who is alive, held or in office."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import models
from django.utils import timezone

from audit.models import AuditEntry
from portal.saved_views import save_view
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.roles import grant_role, revoke_role
from sessions_app.models import Leaving, LeavingState, Role, User
from sessions_app.models.reasons import Reason
from sessions_app.personal_data.erasure import (
    ErasedAlready,
    ErasingOneself,
    HoldsARole,
    StillSignsIn,
    erase_person,
)
from sessions_app.personal_data.holds import UnderHold, open_hold
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_group, initiator_of, open_session, with_password
from tests.sessions_app.personal_data.test_holds import a_case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "issuer")]

# What guards refuse by, as the declarations say: the id by which issuers name the person.
STAYS = {("sessions_app.Identity", "person_id"), ("sessions_app.BlacklistEntry", "ident")}
STAYS |= {("sessions_app.BlacklistEntry", "person_id")}


def terminate(user: User, *, by: User, note: str = "") -> None:
    order = Order(
        initiator=initiator_of(by),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=user.pk),
        received_at=timezone.now(),
        note=note,
    )
    revoke(order)


@pytest.fixture
def mina(ada: User, sam: User, ines: User) -> User:
    """Mina Holt was IT, did this and that, and has left."""
    mina = User.objects.create_user(
        "mina", display_name="Mina Holt", email="mina@holt.example", external_id="hr-mina", country="NO"
    )
    with_password(mina)
    a_group("operators", mina)
    open_session(ines)
    held = grant_role(mina, Role.SECURITY, by=initiator_of(ada), reason="Mina Holt knows the systems")
    terminate(ines, by=mina, note="Mina Holt saw her leave")
    save_view(mina, name="Leavers", line="reason:offboarding", is_shared=False, by=initiator_of(mina))
    Authenticator.objects.create(user=mina, type=Authenticator.Type.TOTP, data={})
    revoke_role(held, by=initiator_of(ada), reason="Mina Holt leaves")
    terminate(mina, by=sam, note="Mina Holt left on Friday")
    return User.objects.get(pk=mina.pk)


def places_of(*words: str) -> set[tuple[str, str]]:
    """Every text of every table in which one of these words stands."""
    return {
        (model._meta.label, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField)
        for value in model._default_manager.values_list(field.name, flat=True)
        if any(word in str(value).lower() for word in words)
    }


def a_leaving(person: User, *, by: User, note: str) -> Leaving:
    now = timezone.now()
    return Leaving.objects.create(
        user=person,
        state=LeavingState.DONE,
        leaves_at=now,
        time_zone="UTC",
        asked_at=now,
        initiator_kind="user",
        initiator_id=str(by.pk),
        initiator_name=by.display_name,
        initiator_user=by,
        door="page",
        note=note,
    )


def test_why_she_left_and_that_she_let_others_leave_stays_without_her_name(mina: User, ada: User, otto: User):
    own = a_leaving(mina, by=ada, note="Mina Holt retires")
    said = a_leaving(otto, by=mina, note="otto moves away")

    erase_person(mina, reason="asked for it", by=initiator_of(ada))

    own.refresh_from_db()
    said.refresh_from_db()
    assert (own.note, own.initiator_name) == ("", "Ada Lindqvist")
    assert (said.note, said.initiator_name) == ("otto moves away", mina.pseudonym)


def test_her_name_stood_in_many_places_and_stands_nowhere_afterwards(mina: User, ada: User):
    before = places_of("mina", "holt")

    erase_person(mina, reason="asked for it", by=initiator_of(ada))

    assert len(before) > 8
    # What was noted about Ines is hers, and goes when she does.
    assert places_of("mina", "holt") - STAYS == {
        ("sessions_app.Revocation", "note"),
        ("audit.AuditSubject", "value"),
    }


def test_what_she_did_stays_and_says_a_pseudonym(mina: User, ada: User):
    entries = list(AuditEntry.objects.order_by("pk").values())

    erase_person(mina, reason="asked for it", by=initiator_of(ada))

    assert list(AuditEntry.objects.order_by("pk").values())[: len(entries)] == entries
    erased = User.objects.get(pk=mina.pk)
    assert (erased.display_name, erased.username) == (mina.pseudonym, mina.pseudonym)
    assert not erased.is_active
    assert not erased.has_usable_password()


def refused(user: User, *, by: User) -> type[ChangeRefused]:
    with pytest.raises(ChangeRefused) as refusal:
        erase_person(user, reason="asked for it", by=initiator_of(by))
    entry = AuditEntry.objects.latest("id")
    assert (entry.event_code, entry.details) == ("PD-104F", {"why": refusal.value.code})
    return refusal.type


def test_nobody_is_erased_who_can_still_sign_in(ines: User, ada: User):
    assert refused(ines, by=ada) is StillSignsIn


def test_nobody_is_erased_who_holds_a_role(sam: User, ada: User):
    assert refused(sam, by=ada) is HoldsARole


def test_nobody_erases_themselves(ada: User):
    assert refused(ada, by=ada) is ErasingOneself


def test_nobody_is_erased_under_a_legal_hold(mina: User, ada: User, sam: User):
    open_hold(mina, a_case(sam), by=initiator_of(ada))

    assert refused(mina, by=ada) is UnderHold


def test_nobody_is_erased_twice(mina: User, ada: User):
    erase_person(mina, reason="asked for it", by=initiator_of(ada))

    assert refused(mina, by=ada) is ErasedAlready
