"""What is read again is encrypted in SQL, and its keys can be changed."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet, InvalidToken
from django.core.exceptions import ImproperlyConfigured

from sessions_app.field_encryption import decrypt, encrypt

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.mark.django_db
def test_the_key_of_a_second_factor_is_not_in_the_database(otto):
    TOTP.activate(otto, "JBSWY3DPEHPK3PXP")

    stored = Authenticator.objects.get(user=otto).data["secret"]
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert decrypt(stored) == "JBSWY3DPEHPK3PXP"


def test_without_field_keys_the_secret_key_serves(settings):
    settings.FIELD_KEYS = []
    stored = encrypt("text")

    settings.SECRET_KEY = "another secret key of this installation"
    with pytest.raises(InvalidToken):
        decrypt(stored)


def test_an_older_key_still_reads_and_the_first_one_writes(settings):
    settings.FIELD_KEYS = [OLD]
    stored = encrypt("text")

    settings.FIELD_KEYS = [NEW, OLD]
    assert decrypt(stored) == "text"
    rewritten = encrypt("text")

    settings.FIELD_KEYS = [NEW]
    assert decrypt(rewritten) == "text"


def test_a_malformed_key_is_a_sentence(settings):
    settings.FIELD_KEYS = ["short"]

    with pytest.raises(ImproperlyConfigured):
        encrypt("text")
