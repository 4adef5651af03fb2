"""The keys our authorization server signs with, as the page lists them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.models import SigningKey

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """`state` is a key of `portal.states`."""

    key: SigningKey
    state: str
    word: StrOrPromise
    is_over: bool = False
    withdraw_url: str = ""
    """Empty where there is nothing left to withdraw."""


def key_rows(at: datetime | None = None) -> list[KeyRow]:
    """Every key there ever was, the newest first. At most one signs."""
    now = at or timezone.now()
    signing = SigningKey.objects.signing(now).first()
    published = set(SigningKey.objects.published(now).values_list("pk", flat=True))
    return [
        replace(_row(key, signing, now), withdraw_url=_withdraw_url(key) if key.pk in published else "")
        for key in SigningKey.objects.all()
    ]


def _withdraw_url(key: SigningKey) -> str:
    return reverse("signing_key_withdraw", args=[key.pk])


def _row(key: SigningKey, signing: SigningKey | None, now: datetime) -> KeyRow:
    if key.withdrawn_at:
        return KeyRow(key=key, state="ended", word=_("Withdrawn"), is_over=True)
    if key == signing:
        return KeyRow(key=key, state="on", word=_("Signs"))
    if key.signs_from > now:
        return KeyRow(key=key, state="waiting", word=_("Published, does not sign yet"))
    if key.published_until is None or key.published_until > now:
        return KeyRow(key=key, state="off", word=_("Signs no more, still published"))
    return KeyRow(key=key, state="ended", word=_("Over"), is_over=True)
