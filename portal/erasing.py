"""What the portal and its libraries keep of a person, and how it goes when they are erased."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from portal.models import SavedView
from sessions_app.models import User
from sessions_app.personal_data.erasure import ALSO


def _second_factors(user: User) -> int:
    return int(Authenticator.objects.filter(user=user).delete()[0])


def _addresses(user: User) -> int:
    return int(EmailAddress.objects.filter(user=user).delete()[0])


def _views(user: User) -> int:
    return SavedView.objects.of(user).delete()[0]


def erase_ours_too() -> None:
    """Called once when the app is ready."""
    ALSO.update({"second_factors": _second_factors, "mail_addresses": _addresses, "views": _views})
