"""GET /oauth/userinfo (OpenID Connect Core, section 5.3): who the bearer of an access token is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from sessions_app.blacklist.claims import Claims
from sessions_app.blacklist.guard import bearer_token, subject_of
from sessions_app.blacklist.responses import response_for
from sessions_app.blacklist.verdict import Outcome, Verdict
from sessions_app.doors.oauth.answers import machine_endpoint, oauth_error
from sessions_app.models import Identity, User
from sessions_app.revocation.claims import claims_of
from sessions_app.revocation.truth import truth
from sessions_app.tokens.own_issuer import own_issuer
from sessions_app.tokens.profiles import token_guard


@machine_endpoint
@require_http_methods(["GET", "HEAD", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """What the token's scopes let its client know. Judged like at any service; SQL where the blacklist is silent."""
    verdict = _verdict_on(bearer_token(request.headers.get("Authorization", "")))
    claims = verdict.claims
    if verdict.outcome is not Outcome.ALLOWED or claims is None or claims.issuer != own_issuer().iss:
        return _refused(verdict)
    scopes = str(claims.raw.get("scope", "")).split()
    identity = Identity.objects.select_related("user").filter(
        realm__key=claims.realm, person_id=claims.person
    )
    found = identity.first()
    if "openid" not in scopes or found is None:
        return oauth_error(
            403,
            "insufficient_scope",
            "The token was not given the scope openid.",
            WWW_Authenticate='Bearer error="insufficient_scope", scope="openid"',
        )
    return JsonResponse(_about(found.user, claims, scopes))


def _verdict_on(token: str) -> Verdict:
    verdict = token_guard().check(token)
    if verdict.outcome is Outcome.UNKNOWN and verdict.claims is not None:
        return Verdict(truth(subject_of(verdict.claims)).outcome, claims=verdict.claims)
    return verdict


def _refused(verdict: Verdict) -> HttpResponse:
    """A token of another issuer is as good as none here."""
    refusal = (
        verdict if verdict.outcome is not Outcome.ALLOWED else Verdict(Outcome.INVALID, "unknown_issuer")
    )
    answer = response_for(refusal)
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def _about(user: User, claims: Claims, scopes: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"sub": claims.person}
    if "profile" in scopes:
        told |= {"name": user.display_name, "preferred_username": user.username}
    if "email" in scopes and user.email:
        told["email"] = user.email
    if "groups" in scopes:
        person = claims_of(user)
        told |= {"groups": list(person.groups), "roles": list(person.roles_at(None))}
    return told
