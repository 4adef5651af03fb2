"""A browser in which somebody is signed in, without the price of a password hash; and the dialog as it fills it."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.http import HttpResponse
from django.test import Client

from sessions_app.blacklist.verdict import Outcome, Subject
from sessions_app.models import Session, User
from sessions_app.models.moments import to_milliseconds
from sessions_app.revocation.connections import session_guard

RECORDS = "account_authentication_methods"
HTMX = {"HX-Request": "true"}


def browser_of(user: User, *, minutes_ago: float = 0) -> Client:
    """Signed in as this person, with their password just now unless said otherwise; follows nothing."""
    client = Client()
    client.force_login(user, backend="portal.sign_in.SignInBackend")
    _remember(client, {"method": "password", "username": user.username}, minutes_ago=minutes_ago)
    return client


def browser_with_factor(user: User, *, minutes_ago: float = 0) -> Client:
    """The same with a second factor, which the person gets where they have none."""
    client = browser_of(user, minutes_ago=minutes_ago)
    factor = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    factor = factor or TOTP.activate(user, generate_totp_secret()).instance
    _remember(client, {"method": "mfa", "type": "totp", "id": factor.pk}, minutes_ago=minutes_ago)
    return client


def _remember(client: Client, proof: dict[str, Any], *, minutes_ago: float) -> None:
    """As allauth remembers what was proved in this browser."""
    session = client.session
    at = time.time() - 60 * minutes_ago
    session[RECORDS] = [*session.get(RECORDS, []), {**proof, "at": at}]
    session.save()


def text_of(response: HttpResponse) -> str:
    """The page on one line, so that words can be looked for wherever the template broke them."""
    return " ".join(response.content.decode().split())


def filled_dialog(browser: Client, person: User, **typed: Any) -> dict[str, Any]:
    """Open the dialog as a plain page and fill it in: what the browser would send."""
    form = browser.get(f"/people/{person.pk}/terminate/").context["form"]
    hidden = {name: form[name].value() for name in ("order_key", "sessions_seen", "seen")}
    return {"reason": "offboarding", "ticket": "", "note": "", **hidden, **typed}


def terminate(browser: Client, person: User, **typed: Any) -> HttpResponse:
    """The whole story of the click."""
    return browser.post(f"/people/{person.pk}/terminate/", filled_dialog(browser, person, **typed))


def verdict_on(session: Session) -> Outcome:
    """What a guard says of this session now."""
    subject = Subject(
        realm=session.realm.key,
        person=session.identity.person_id,
        sid=session.sid,
        token_id=None,
        started_ms=to_milliseconds(session.began_at),
    )
    return session_guard().check_subject(subject).outcome
