"""The built-in authorization server as an issuer: in the portal's realm, so that one entry per person covers both."""

from __future__ import annotations

from itertools import chain
from typing import Final

from django.conf import settings
from django.db import transaction

from audit.initiators import Initiator, acting
from sessions_app.blacklist.responses import MULTI_FACTOR as SECOND_FACTOR_ACR
from sessions_app.models import Identity, Issuer, OAuthClient, Realm, User
from sessions_app.models.issuers import StartedFrom
from sessions_app.tokens.profiles import OWN_ISSUERS, clear_profiles
from sessions_app.tokens.signing import ALGORITHM, prepare_keys, rotate_when_due

__all__ = ["SECOND_FACTOR_ACR", "own_identity", "own_issuer", "own_realm", "prepare_own_issuer"]

PRESET: Final = "curfew"
LONGEST_TOKEN_SECONDS: Final = 3600
LONGEST_CHAIN_SECONDS: Final = 30 * 86_400

# RFC 8176 names that prove more than something known; `mfa` says that there were two.
SECOND_FACTORS: Final = ("otp", "hwk", "swk", "mfa")


def own_realm() -> Realm:
    """The realm of everybody's sign-in here: the person is named by their own key, a service by its client id."""
    realm, _made = Realm.objects.get_or_create(
        key=f"{OWN_ISSUERS}{settings.CURFEW_ENV}", defaults={"name": "Curfew"}
    )
    return realm


def own_issuer() -> Issuer:
    """The issuer's row. Raises Issuer.DoesNotExist where `prepare_own_issuer` was never called."""
    return Issuer.objects.select_related("realm").get(preset=PRESET, realm__key=_realm_key())


def prepare_own_issuer(*, by: Initiator) -> Issuer:
    """Make the issuer, or bring it up to the address and the clients of today; repeating changes nothing.

    Its `iss` is BASE_URL, so tokens from before another address are nobody's any more.
    """
    with transaction.atomic(), acting(by):
        realm = own_realm()
        issuer = Issuer.objects.filter(preset=PRESET, realm=realm).first()
        if issuer is None:
            issuer = Issuer(preset=PRESET, realm=realm, **_fixed())
        changed = [name for name, value in _following().items() if getattr(issuer, name) != value]
        for name in changed:
            setattr(issuer, name, _following()[name])
        if changed or issuer.pk is None:
            issuer.save()
    prepare_keys(issuer, by=by)
    clear_profiles()
    issuer.refresh_from_db()
    return issuer


def rotate_own_key(*, by: Initiator) -> bool:
    """What the clock does: the issuer follows the installation, its key is followed by a new one in time."""
    issuer = Issuer.objects.filter(preset=PRESET, realm__key=_realm_key()).first()
    if issuer is None or any(getattr(issuer, name) != value for name, value in _following().items()):
        issuer = prepare_own_issuer(by=by)
    return rotate_when_due(issuer, by=by)


def own_identity(user: User) -> Identity | None:
    """By which id this person's tokens of ours name them; None before their first sign-in here."""
    return user.identities.filter(realm__key=_realm_key()).select_related("realm").first()


def _realm_key() -> str:
    return f"{OWN_ISSUERS}{settings.CURFEW_ENV}"


def _following() -> dict[str, object]:
    """What follows the installation."""
    audiences = chain.from_iterable(OAuthClient.objects.values_list("audiences", flat=True))
    return {"iss": settings.BASE_URL, "audiences": sorted({settings.BASE_URL, *audiences})}


def _fixed() -> dict[str, object]:
    return {
        "name": "Curfew",
        "algorithms": [ALGORITHM],
        "typ": ["at+jwt"],
        "client_claim": "client_id",
        "started_from": StartedFrom.AUTH_TIME,
        "max_token_seconds": LONGEST_TOKEN_SECONDS,
        "max_session_seconds": LONGEST_CHAIN_SECONDS,
        "clock_allowance_seconds": 0,
        "second_factor_claim": "amr",
        "second_factor_values": list(SECOND_FACTORS),
        "entitlement_claims": ["roles", "groups"],
    }
