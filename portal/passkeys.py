"""Passkeys: django-allauth and fido2 check them; here whatever a browser sends is first made sure to be one."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.sign_in_changes import record_renamed_passkey, record_wrong_passkey
from sessions_app.models import User

LONGEST_NAME = 60
TEXTS = ("id", "rawId", "type")
OF_ANSWERS = ("clientDataJSON", "authenticatorData", "signature")
OF_NEW_ONES = ("clientDataJSON", "attestationObject")


class AddForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A new passkey. It always signs in by itself, so it always proves who holds it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_("By which you will know it again."),
    )

    def clean_credential(self) -> dict[str, Any]:
        return read_credential(self.cleaned_data["credential"], OF_NEW_ONES)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        cleaned: dict[str, Any] = _refused_as_one_error(super().clean)
        return cleaned


class EditForm(EditWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)

    def save(self) -> Authenticator:
        with transaction.atomic():
            renamed = super().save()
            record_renamed_passkey(context.request, renamed.user)
        return renamed


class _Checked:
    """Reads what was sent before anything looks inside. A passkey that is refused is an entry."""

    cleaned_data: dict[str, Any]
    user: User | None

    def clean_credential(self) -> Any:
        try:
            self.cleaned_data["credential"] = read_credential(self.cleaned_data["credential"], OF_ANSWERS)
            return _refused_as_one_error(super().clean_credential)  # type: ignore[misc]  # of allauth's form beside it
        except ValidationError:
            record_wrong_passkey(context.request, self.user)
            raise


class AuthenticateForm(_Checked, AuthenticateWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    pass


class ReauthenticateForm(_Checked, ReauthenticateWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    pass


class LoginForm(_Checked, LoginWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    pass


def read_credential(sent: object, of_response: tuple[str, ...]) -> dict[str, Any]:
    """The credential, if every part is there and is text. Raises ValidationError."""
    if not isinstance(sent, dict) or not isinstance(sent.get("response"), dict):
        raise _not_right()
    response = sent["response"]
    named = [*(sent.get(name) for name in TEXTS), *(response.get(name) for name in of_response)]
    handle = response.get("userHandle")
    if not all(isinstance(value, str) for value in named) or not isinstance(handle, str | None):
        raise _not_right()
    return sent


def _refused_as_one_error(check: Any) -> Any:
    """Whatever fido2 makes of bytes that somebody made up is one answer: that is not right."""
    try:
        return check()
    except ValidationError as refused:
        if refused.code == "incorrect_code":
            raise _not_right() from refused
        raise
    except Exception as error:  # the parsers under it raise whatever broken bytes lead them to
        raise _not_right() from error


def _not_right() -> ValidationError:
    return ValidationError(
        _("This passkey was not accepted. Try again, or go on in another way."), code="incorrect_code"
    )
