"""Helping somebody who cannot sign in, from the shell: recorded, and never without the rules for passwords."""

from __future__ import annotations

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from audit.models import AuditEntry
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db


def test_a_password_from_standard_input_is_set_and_recorded(otto, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("seven brown wooden boats\n"))

    done = ran("changepassword", "otto", "--password-stdin")

    otto.refresh_from_db()
    assert (done.code, otto.check_password("seven brown wooden boats")) == (0, True)
    assert AuditEntry.objects.get(event_code="SI-107").target_id == str(otto.pk)


def test_a_weak_password_is_refused_and_nothing_is_recorded(otto, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("otto\n"))

    assert ran("changepassword", "otto", "--password-stdin").code == 2
    assert not AuditEntry.objects.filter(event_code="SI-107").exists()


def test_a_lost_second_factor_is_removed_with_a_reason(hana):
    TOTP.activate(hana, "JBSWY3DPEHPK3PXP")

    done = ran("reset_second_factor", "hana", "--reason", "telephone lost, seen in person")

    assert done.code == 0
    assert not Authenticator.objects.filter(user=hana).exists()
    assert AuditEntry.objects.filter(event_code="SI-108", target_id=str(hana.pk)).count() == 1


@pytest.mark.parametrize(
    ("name", "reason"), [("hana", "telephone lost"), ("nobody", "telephone lost"), ("hana", "x")]
)
def test_what_cannot_be_reset_is_bad_input(hana, name, reason):
    assert ran("reset_second_factor", name, "--reason", reason).code == 2
