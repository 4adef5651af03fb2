"""Whether a portal session proved a second factor, and what happens while one is demanded of the person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone

from sessions_app.models import Issuer, RevocationTarget, Session
from sessions_app.models.moments import database_now, from_milliseconds
from sessions_app.revocation.confirmations import note_second_factor
from sessions_app.tokens.own_issuer import SECOND_FACTORS

if TYPE_CHECKING:
    from portal.htmx import HtmxRequest
    from sessions_app.models import User

PROVED_KEY = "curfew_second_factor"

# A factor set up so shortly before somebody suspected the account may be the thief's own.
DOUBTFUL_BEFORE_SUSPICION = timedelta(days=7)

# Names of RFC 8176 for what allauth says of a sign-in. A passkey is taken only with its owner verified.
PASSWORD = ["pwd"]
SECOND = {"webauthn": ["hwk", "mfa"]}
CODE = ["otp"]

# What somebody of whom a second factor is demanded may still open: proving one, and being told.
ALWAYS = (
    "/step-up/",
    "/accounts/2fa/authenticate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/2fa/webauthn/reauthenticate/",
    "/accounts/logout/",
)
TO_ENROL = ("/accounts/2fa/", "/accounts/reauthenticate/")


def methods_of(request: Any) -> list[str]:
    """What was proved in this browser's session; allauth keeps its own records there."""
    records: list[dict[str, Any]] = request.session.get("account_authentication_methods", [])
    return list(dict.fromkeys(method for entry in records for method in _methods(entry)))


def _methods(entry: dict[str, Any]) -> list[str]:
    match entry.get("method"):
        case "password":
            return PASSWORD
        case "mfa" if not _is_doubtful(entry.get("id")):
            return SECOND.get(str(entry.get("type")), CODE)
        case _:
            return []


def proved_at(request: Any, *, second_factor: bool) -> float | None:
    """When something was proved last in this browser's session, or a second factor that counts; None for never."""
    records: list[dict[str, Any]] = request.session.get("account_authentication_methods", [])
    wanted = [each["at"] for each in records if not second_factor or _is_second_factor(each)]
    return max(wanted, default=None)


def _is_second_factor(entry: dict[str, Any]) -> bool:
    return not set(_methods(entry)).isdisjoint(SECOND_FACTORS)


def _is_doubtful(authenticator_id: int | None) -> bool:
    used = Authenticator.objects.filter(pk=authenticator_id).select_related("user").first()
    return used is not None and used in doubtful_factors(used.user)


def doubtful_factors(user: User) -> list[Authenticator]:
    """Those set up within the week before the person was suspected; they prove nothing, then or later.

    Whoever held a stolen session could have set one up. The person sets up another, once somebody made sure who
    they are; where somebody was identified in another way instead, what they have counts again.
    """
    suspected = RevocationTarget.objects.filter(
        user=user, revocation__second_factor_next=True, second_factor_waived_at=None, cutoff_ms__gt=0
    )
    moments = [from_milliseconds(cutoff) for cutoff in suspected.values_list("cutoff_ms", flat=True)]
    return [
        each
        for each in Authenticator.objects.filter(user=user)
        if any(moment - DOUBTFUL_BEFORE_SUSPICION < each.created_at <= moment for moment in moments)
    ]


def has_proved(request: Any) -> bool:
    """Whether a second factor is among it."""
    return not set(methods_of(request)).isdisjoint(SECOND_FACTORS)


def note_if_proved(request: HtmxRequest, session: Session, *, issuer: Issuer) -> None:
    """Remember a second factor that was proved since the sign-in; it ends a demand for one everywhere."""
    if not has_proved(request):
        return
    request.session[PROVED_KEY] = True
    if set(session.authentication_methods).isdisjoint(SECOND_FACTORS):
        session.authentication_methods = methods_of(request)
        session.save(update_fields=["authentication_methods"])
    note_second_factor(session.user, issuer=issuer, proved_at=database_now(), by=request.initiator)


def may_open(request: HtmxRequest) -> bool:
    """Whether this address is among what is left while a second factor is demanded and none was proved.

    Setting up a first one is not: whoever has the password could, and that may be the thief.
    """
    if request.path.startswith(ALWAYS):
        return True
    return request.path.startswith(TO_ENROL) and may_enrol(request.user)


def may_enrol(user: User) -> bool:
    """Somebody let them, within the hour."""
    return user.may_enrol_until is not None and user.may_enrol_until > timezone.now()


def has_second_factor(user: User) -> bool:
    """One that can be asked for at sign-in and counts; recovery codes alone are none."""
    return bool(_kinds_of(user) & {Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN})


def where_to_prove(user: User) -> str:
    """The page that asks for what this person has. Without a code app, allauth's own choice is the password's."""
    has_code = Authenticator.Type.TOTP in _kinds_of(user)
    return reverse("mfa_reauthenticate" if has_code else "mfa_reauthenticate_webauthn")


def _kinds_of(user: User) -> set[str]:
    doubtful = doubtful_factors(user)
    return {each.type for each in Authenticator.objects.filter(user=user) if each not in doubtful}
