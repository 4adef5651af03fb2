"""Scopes of the built-in authorization server: what each lets a client learn, in words for the consent page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from sessions_app.models import OAuthClient

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What every client may ask for about the person who signs in; others are a client's own (`allowed_scopes`).
ABOUT_THE_PERSON: Final[dict[str, StrOrPromise]] = {
    "openid": _("know that it is you, by a number that stays the same"),
    "profile": _("see your name and user name"),
    "email": _("see your e-mail address"),
    "groups": _("see your groups and roles in the company"),
    "offline_access": _("keep you signed in while you are away, until your session ends"),
}


def scopes_of(client: OAuthClient) -> frozenset[str]:
    """Every scope this client may ask for."""
    return frozenset(ABOUT_THE_PERSON) | frozenset(client.allowed_scopes)


def words_of(scopes: list[str]) -> list[StrOrPromise]:
    """What somebody consents to, a line for each scope; a client's own scope is named as it is."""
    return [
        ABOUT_THE_PERSON.get(scope) or _("act for you, where its tokens are taken: %s") % scope
        for scope in scopes
    ]
