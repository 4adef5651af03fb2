"""Signing in here makes a Session like any other, and it ends like any other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from audit.initiators import the_shell
from audit.models import AuditEntry
from portal.portal_sessions import STARTED_KEY
from portal.sign_in import AccountAdapter
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.models import Session, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneSession, OneUser, Order
from tests.factories import PASSWORD, initiator_of, with_password
from tests.redis_server import running_redis

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate")]

HOME = "/me/"


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    """The second factor is another test's matter."""
    settings.DEMO = True


def sign_in(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": password})
    return client


def is_signed_in(client: Client) -> bool:
    """Whoever is to be told something first is in as well."""
    answer = client.get(HOME)
    return answer.status_code == 200 or answer.headers.get("Location", "").startswith("/explanation/")


def terminate(user: User, *, by: User, reason: Reason = Reason.OFFBOARDING) -> None:
    scope = OneUser(user_id=user.pk)
    revoke(Order(initiator=initiator_of(by), reason=reason, scope=scope, received_at=timezone.now()))


def test_signing_in_is_a_session_with_its_application_address_and_method(otto):
    client = sign_in(with_password(otto))

    session = Session.objects.get(user=otto)
    assert is_signed_in(client)
    assert session.realm.key == "urn:curfew:portal:test"
    assert session.applications.get().key == "curfew"
    assert (session.address, session.authentication_methods) == ("127.0.0.1", ["pwd"])
    assert AuditEntry.objects.filter(event_code="SI-101", initiator_id=str(otto.pk)).count() == 1


def test_a_wrong_password_is_an_entry_without_what_was_typed(otto):
    client = sign_in(with_password(otto), "not the pass phrase")

    assert not is_signed_in(client)
    entry = AuditEntry.objects.get(event_code="SI-102F")
    assert not any("otto" in str(value) or "phrase" in str(value) for value in vars(entry).values())


def test_ending_hrs_access_ends_her_pages_at_the_next_request(hana, sam):
    client = sign_in(with_password(hana))
    assert is_signed_in(client)

    terminate(hana, by=sam)

    answer = client.get(HOME)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/me/")
    assert not is_signed_in(sign_in(hana))


def test_after_a_role_change_one_signs_in_again_and_the_old_browser_stays_out(otto, ivan):
    old = sign_in(with_password(otto))

    terminate(otto, by=ivan, reason=Reason.ROLE_CHANGE)

    assert not is_signed_in(old)
    assert is_signed_in(sign_in(otto))


def test_somebody_allowed_in_again_stays_out_of_the_old_browser(otto, ivan):
    old = sign_in(with_password(otto))
    terminate(otto, by=ivan)

    allow_sign_in_again(User.objects.get(pk=otto.pk), by=the_shell(), reason="came back")

    assert not is_signed_in(old)
    assert is_signed_in(sign_in(otto))


def test_ending_one_session_leaves_the_other_browser_signed_in(otto):
    first, second = sign_in(with_password(otto)), sign_in(otto)
    oldest = Session.objects.filter(user=otto).order_by("began_at").first()

    scope = OneSession(session_id=oldest.pk)
    revoke(
        Order(
            initiator=initiator_of(otto), reason=Reason.USER_REQUEST, scope=scope, received_at=timezone.now()
        )
    )

    assert (is_signed_in(first), is_signed_in(second)) == (False, True)


def test_while_redis_is_away_the_signed_in_stay_and_the_ended_do_not(hana, otto, sam, settings: Settings):
    kept, ended = sign_in(with_password(hana)), sign_in(with_password(otto))
    with running_redis() as frozen:
        settings.REDIS_URL = frozen.url
        frozen.freeze()
        terminate(otto, by=sam)
        states = is_signed_in(kept), is_signed_in(ended)
        frozen.thaw()

    assert states == (True, False)


def test_somebody_blocked_is_told_so_and_not_let_in(otto, sam):
    terminate(with_password(otto), by=sam)

    assert not is_signed_in(sign_in(otto))


def test_without_use_one_is_signed_out(otto, settings: Settings):
    client = sign_in(with_password(otto))
    Session.objects.update(last_used_at=timezone.now() - settings.SESSION_IDLE_LIMIT - timedelta(seconds=1))

    assert not is_signed_in(client)
    assert Session.objects.get(user=otto).ended_at


def test_at_its_end_a_session_is_over_however_much_it_was_used(otto):
    client = sign_in(with_password(otto))
    assert is_signed_in(client)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert not is_signed_in(client)


def test_a_browser_session_without_our_marks_is_nobody(otto):
    client = sign_in(with_password(otto))
    session = client.session
    del session[STARTED_KEY]
    session.save()

    assert not is_signed_in(client)


def test_signing_out_ends_the_session_and_is_recorded(otto):
    client = sign_in(with_password(otto))

    client.post("/accounts/logout/")

    assert Session.objects.get(user=otto).ended_at
    assert AuditEntry.objects.filter(event_code="SI-103").count() == 1


def test_a_role_needs_a_second_factor_outside_the_demo(hana, otto, settings: Settings):
    settings.DEMO = False
    with_role, without = sign_in(with_password(hana)), sign_in(with_password(otto))

    assert with_role.get(HOME).headers["Location"] == "/accounts/2fa/totp/activate/"
    assert is_signed_in(without)


def test_changing_a_password_brings_nothing_back_that_was_decided_meanwhile(otto, sam):
    as_the_form_loaded_him = User.objects.get(pk=with_password(otto).pk)
    terminate(otto, by=sam)

    AccountAdapter().set_password(as_the_form_loaded_him, "another long enough pass phrase")

    now = User.objects.get(pk=otto.pk)
    assert now.sign_in_blocked_at is not None
    assert now.revision > as_the_form_loaded_him.revision
    assert now.check_password("another long enough pass phrase")


@pytest.mark.parametrize(
    "address", ["/accounts/2fa/", "/accounts/password/change/", "/settings/", "/nowhere/"]
)
def test_no_browser_keeps_what_only_the_signed_in_see(otto, address):
    assert "no-store" in sign_in(with_password(otto)).get(address).headers["Cache-Control"]
