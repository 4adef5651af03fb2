"""Changing one's own password: django-allauth's form, with a wrong old password recorded."""

from __future__ import annotations

from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from django.core.exceptions import ValidationError

from portal.sign_in_changes import record_wrong_password


class PasswordForm(ChangePasswordForm):  # type: ignore[misc]  # allauth ships no types
    def clean_oldpassword(self) -> str:
        try:
            old: str = super().clean_oldpassword()
        except ValidationError:
            record_wrong_password(context.request, self.user)
            raise
        return old
