"""Who can sign in to the portal: django-allauth does the work, these are our answers to its questions."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

from sessions_app.field_encryption import decrypt, encrypt
from sessions_app.models import User


class SignInBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    """Password by user name or e-mail. Somebody who is blocked or erased cannot sign in, nor stay signed in."""

    def user_can_authenticate(self, user: User) -> bool:
        return user.is_active

    def get_user(self, user_id: str) -> User | None:
        user = User.objects.filter(pk=user_id).first()
        return user if user is not None and user.is_active else None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come from the directory or an import, never from a form."""
        return False

    def set_password(self, user: User, password: str) -> None:
        """Keep the password and nothing else: whoever was blocked since this request began stays blocked."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_client_ip(self, request: HttpRequest) -> str:
        """The proxy-aware address, so that rate limits count clients and not our proxy."""
        return getattr(request, "client_address", None) or "0.0.0.0"  # noqa: S104  # a bucket for the unknown, not a bind


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Keys of second factors and recovery codes are encrypted in SQL; of passkeys there is only the public half."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The host Curfew is reached at by its settings; a host header decides nothing."""
        return {"id": urlsplit(settings.BASE_URL).hostname or "localhost", "name": "Curfew"}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002  # allauth's name
        count = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %d") % (count + 1) if count else gettext("Passkey")
