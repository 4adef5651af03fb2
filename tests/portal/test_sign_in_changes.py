"""What people change about how they sign in here is recorded, and so is a second factor that was wrong."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from audit.models import AuditEntry
from sessions_app.models import User
from tests.factories import PASSWORD, with_password

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("open_gate", "in_demo")]

SECRET = "JBSWY3DPEHPK3PXP"


def sign_in(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return client


def code_now(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def entries(code: str, user: User) -> int:
    return AuditEntry.objects.filter(event_code=code, person_id=user.pk).count()


def test_a_second_factor_set_up_and_removed_leaves_an_entry_each(otto: User):
    client = sign_in(with_password(otto))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret

    client.post("/accounts/2fa/totp/activate/", {"code": code_now(secret)})
    set_up = entries("SI-104", otto)
    client.post("/accounts/2fa/totp/deactivate/")

    assert set_up >= 1
    assert entries("SI-105", otto) >= 1
    assert not Authenticator.objects.filter(user=otto).exists()


def test_a_changed_password_leaves_an_entry_without_it(otto: User):
    client, new = sign_in(with_password(otto)), "another long enough phrase"

    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert entries("SI-106", otto) == 1
    assert User.objects.get(pk=otto.pk).check_password(new)


def test_a_wrong_code_after_a_right_password_is_recorded_for_whose_password_it_was(otto: User):
    TOTP.activate(with_password(otto), SECRET)
    client = sign_in(otto)

    client.post("/accounts/2fa/authenticate/", {"code": "000000"})

    assert entries("SI-102F", otto) == 1
    assert client.get("/me/").status_code == 302
