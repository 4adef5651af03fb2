"""POST /oauth/token and POST /oauth/revoke (RFC 6749, RFC 7009)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST
from oauthlib.common import Request

from audit.initiators import Door, the_authorization_server
from audit.record import Target
from sessions_app.doors.oauth.answers import machine_endpoint, oauth_error, of_core, read_form
from sessions_app.doors.oauth.throttle import Throttle, claimed_client
from sessions_app.doors.unproved import note_unproved
from sessions_app.models import OAuthClient
from sessions_app.models.moments import database_now
from sessions_app.revocation.confirmations import note_claims
from sessions_app.tokens.families import end_family, was_cut_off
from sessions_app.tokens.own_issuer import own_issuer
from sessions_app.tokens.revoking import revoke_presented
from sessions_app.tokens.server import core_for
from sessions_app.tokens.validator import CurfewValidator

Answer = tuple[dict[str, Any], str | None, int]


@machine_endpoint
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a grant for tokens.

    1. Consume, check and mint in one transaction. 2. End the family of a grant that was used twice.
    3. Ask the guard once more: what was cut off meanwhile gets nothing.
    """
    form = read_form(request)
    validator = CurfewValidator()
    headers, body, status = _exchange(request, validator)
    if validator.misuse is not None and validator.client is not None:
        end_family(*validator.misuse, client=validator.client)
    if status == 401:
        return _count_failure(request, form) or of_core(headers, body, status)
    if status == 200 and validator.session is not None:
        if was_cut_off(validator.session):
            return oauth_error(400, "invalid_grant", "This access has been ended.")
        _compare_claims(validator)
    return of_core(headers, body, status)


@machine_endpoint
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """200 and nothing more for a token that is gone, was never there, or is somebody else's."""
    form = read_form(request)
    validator = CurfewValidator()
    if not _authenticate(request, validator, form):
        return _count_failure(request, form) or _unproved()
    if not form.get("token"):
        return oauth_error(400, "invalid_request", "Missing token parameter.")
    assert validator.client is not None
    is_cut_off = revoke_presented(form["token"], validator.client, address=_address(request))
    if not is_cut_off:
        return oauth_error(503, "temporarily_unavailable", "Not cut off yet. Ask again.", Retry_After="2")
    return HttpResponse(status=200)


def _exchange(request: HttpRequest, validator: CurfewValidator) -> Answer:
    with transaction.atomic():
        _uri, headers, body, status = core_for(validator).create_token_response(request)
        if status != 200:
            transaction.set_rollback(True)
    return headers, body, status


def _compare_claims(validator: CurfewValidator) -> None:
    """After a role change: whether the token we just made really says less."""
    if validator.access is None or validator.session is None:
        return
    claims: Mapping[str, Any] = validator.access.claims
    note_claims(
        validator.session.user,
        issuer=own_issuer(),
        names=frozenset(claims["roles"]) | frozenset(claims["groups"]),
        seen_at=database_now(),
        by=the_authorization_server(),
    )


def _authenticate(request: HttpRequest, validator: CurfewValidator, form: Mapping[str, str]) -> bool:
    """A confidential client by its secret, a public one by its id alone (RFC 7009, section 2.1)."""
    headers = core_for(validator).extract_headers(request)
    return validator.is_proved(Request(request.get_full_path(), "POST", form, headers))


def _count_failure(request: HttpRequest, form: Mapping[str, str]) -> HttpResponse | None:
    """What a guesser is told once there were too many. Only failures come here: the right secret always gets in."""
    claimed = claimed_client(request.headers.get("Authorization", ""), form).replace("\x00", "")
    throttle = Throttle(_address(request), claimed)
    if throttle.is_closed():
        return _too_many(throttle)
    throttle.note_failure()
    _note_unproved(request, claimed)
    return None


def _address(request: HttpRequest) -> str | None:
    return getattr(request, "client_address", None)


def _note_unproved(request: HttpRequest, claimed: str) -> None:
    client = OAuthClient.objects.filter(client_id=claimed).first()
    target = Target(kind="oauth_client", id=client.client_id, label=client.name) if client else None
    note_unproved(door=Door.OAUTH, address=_address(request), claimed=target, why="client_not_proved")


def _too_many(throttle: Throttle) -> HttpResponse:
    return oauth_error(
        429, "slow_down", "Too many failed attempts from here.", Retry_After=str(throttle.retry_after_seconds)
    )


def _unproved() -> HttpResponse:
    body = json.dumps({"error": "invalid_client"})
    return of_core({}, body, 401)
