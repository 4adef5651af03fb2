"""The portal's own sign-ins are Sessions too, so ending somebody's access ends their pages here as well."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from audit.events import Events
from audit.initiators import Door, Initiator, InitiatorKind, acting, somebody_unknown, the_shell
from audit.record import Target, record
from portal.proofs import PROVED_KEY, has_proved, methods_of, note_if_proved
from sessions_app.blacklist.verdict import Outcome, Subject, Verdict
from sessions_app.changes.explanations import untold
from sessions_app.changes.identities import link_identity
from sessions_app.changes.policies import prepare_policy
from sessions_app.models import (
    Application,
    Identity,
    Issuer,
    OAuthClient,
    Realm,
    Session,
    SessionApplication,
    User,
)
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.revocation.confirmations import note_second_factor
from sessions_app.revocation.connections import session_guard
from sessions_app.revocation.truth import truth
from sessions_app.tokens.own_issuer import prepare_own_issuer
from sessions_app.tokens.starts import start_after_cutoff

if TYPE_CHECKING:
    from portal.htmx import HtmxRequest

SID_KEY = "curfew_sid"
STARTED_KEY = "curfew_started_ms"
EXPLAIN_KEY = "curfew_explain"
# The origin of the application that asked somebody to sign in, while they do.
LEADS_TO_KEY = "curfew_leads_to"
LAST_USE_WRITTEN_EVERY = timedelta(minutes=1)


def portal_issuer() -> Issuer:
    """Our own issuer, `urn:curfew:portal:<CURFEW_ENV>`. It signs nothing, so no token of it is ever accepted."""
    name = f"urn:curfew:portal:{settings.CURFEW_ENV}"
    realm, _ = Realm.objects.get_or_create(key=name, defaults={"name": "Curfew"})
    issuer, _ = Issuer.objects.get_or_create(
        iss=name,
        defaults={
            "name": "Curfew",
            "realm": realm,
            "max_token_seconds": 0,
            "max_session_seconds": settings.SESSION_COOKIE_AGE,
            "clock_allowance_seconds": 0,
        },
    )
    return issuer


def portal_application() -> Application:
    """The portal as an application people are signed in to."""
    application, _ = Application.objects.get_or_create(key="curfew", defaults={"name": "Curfew"})
    return application


def prepare_own_places() -> None:
    """Make the portal's own issuer, application and policy, so that they are nobody's doing at the first sign-in."""
    with transaction.atomic(), acting(the_shell()):
        portal_issuer()
        portal_application()
    prepare_own_issuer(by=the_shell())
    prepare_policy(by=the_shell())


def initiator_for(request: HttpRequest, user: User, *, door: Door = Door.PAGE) -> Initiator:
    """The signed-in person as whoever asks for something on a page."""
    return Initiator(
        kind=InitiatorKind.USER,
        id=str(user.pk),
        name=user.display_name,
        door=door,
        roles=frozenset(str(role.value) for role in user.roles),
        address=getattr(request, "client_address", None),
        correlation_id=getattr(request, "correlation_id", ""),
    )


def begin(request: HttpRequest, user: User) -> Session:
    """Make the sign-in a Session, and remember in the browser's session which one.

    Links the portal's identity on the first sign-in, which publishes every cutoff the person already has.
    """
    by = initiator_for(request, user, door=Door.SIGN_IN)
    with acting(by):
        return _begin(request, user, by=by)


def _begin(request: HttpRequest, user: User, *, by: Initiator) -> Session:
    issuer = portal_issuer()
    identity = Identity.objects.filter(realm=issuer.realm, person_id=str(user.pk)).first()
    if identity is None:
        identity = link_identity(user, issuer.realm, str(user.pk), by=by)
    session = start_after_cutoff(
        user,
        issuer.realm,
        lambda now: _start(request, user, issuer=issuer, identity=identity, now=now, by=by),
    )
    request.session[SID_KEY] = session.sid
    request.session[STARTED_KEY] = to_milliseconds(session.began_at)
    request.session[PROVED_KEY] = has_proved(request)
    if has_proved(request):
        note_second_factor(user, issuer=issuer, proved_at=session.began_at, by=by)
    if untold(user).exists():
        request.session[EXPLAIN_KEY] = True
    return session


def _start(
    request: HttpRequest, user: User, *, issuer: Issuer, identity: Identity, now: datetime, by: Initiator
) -> Session:
    session = _store(request, user, issuer=issuer, identity=identity, now=now)
    record(Events.SIGNED_IN, initiator=by, target=Target.of(user, label=user.display_name))
    return session


def _store(request: HttpRequest, user: User, *, issuer: Issuer, identity: Identity, now: datetime) -> Session:
    session = Session.objects.create(
        realm=issuer.realm,
        issuer=issuer,
        user=user,
        identity=identity,
        sid=str(uuid.uuid4()),
        client="curfew",
        began_at=now,
        last_used_at=now,
        expires_at=now + timedelta(seconds=settings.SESSION_COOKIE_AGE),
        address=getattr(request, "client_address", None),
        user_agent=request.headers.get("User-Agent", "")[:1000],
        authentication_methods=methods_of(request),
    )
    SessionApplication.objects.create(session=session, application=portal_application())
    return session


def verdict_on(request: HtmxRequest) -> Verdict:
    """What the guard says of this browser's session; SQL answers where the blacklist cannot (`truth`)."""
    subject = _subject_of(request)
    if subject is None:
        return Verdict(outcome=Outcome.REVOKED, cause="session_revoked")
    verdict = session_guard().check_subject(subject)
    return truth(subject) if verdict.outcome is Outcome.UNKNOWN else verdict


def _subject_of(request: HtmxRequest) -> Subject | None:
    sid, started_ms = request.session.get(SID_KEY), request.session.get(STARTED_KEY)
    if not sid or not isinstance(started_ms, int):
        return None
    return Subject(
        realm=f"urn:curfew:portal:{settings.CURFEW_ENV}",
        person=str(request.user.pk),
        sid=sid,
        token_id=None,
        started_ms=started_ms,
        second_factor=bool(request.session.get(PROVED_KEY)),
    )


def try_to_prove(request: HtmxRequest) -> bool:
    """Whether a second factor was proved in this browser since the sign-in; then it counts from now on."""
    session = Session.objects.of(request.user).open().filter(sid=request.session.get(SID_KEY)).first()
    if session is None or not has_proved(request):
        return False
    request.initiator = initiator_for(request, request.user, door=Door.SIGN_IN)
    note_if_proved(request, session, issuer=portal_issuer())
    return True


@dataclass(frozen=True, kw_only=True)
class Use:
    """Whether the session may go on after having been idle."""

    is_fresh: bool


def note_use(request: HtmxRequest) -> Use:
    """Move last use forward at most once a minute; not fresh once the idle limit or its end has passed.

    Its end is our own matter: the browser's session in Django lives longer each time something is kept in it.
    """
    now = timezone.now()
    mine = Session.objects.of(request.user).open()
    session = mine.filter(sid=request.session.get(SID_KEY)).first()
    if session is None or now - session.last_used_at > settings.SESSION_IDLE_LIMIT:
        return Use(is_fresh=False)
    if now - session.last_used_at > LAST_USE_WRITTEN_EVERY:
        Session.objects.filter(pk=session.pk, last_used_at__lt=now).update(last_used_at=now)
    return Use(is_fresh=True)


def keep_where_it_leads(request: HttpRequest) -> None:
    """The origin of the application this browser is on its way to, if it may be led there at all."""
    client_id = request.GET.get("client_id", "").replace("\x00", "")
    client = OAuthClient.objects.filter(client_id=client_id, disabled_at=None).first()
    if client is None:
        return
    address = request.GET.get("redirect_uri") or client.redirect_uris.partition(" ")[0]
    if client.redirect_uri_allowed(address):
        parts = urlsplit(address)
        request.session[LEADS_TO_KEY] = f"{parts.scheme}://{parts.netloc}"


def end(sid: str | None) -> None:
    """The row of a session that was signed out or ran idle; the row stays."""
    if sid:
        Session.objects.filter(sid=sid, ended_at=None).update(ended_at=database_now())


def _on_signed_in(sender: object, request: HttpRequest, user: User, **_: Any) -> None:
    begin(request, user)


def _on_signed_out(sender: object, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is None:
        return
    with transaction.atomic():
        end(request.session.get(SID_KEY))
        by = initiator_for(request, user, door=Door.SIGN_IN)
        record(Events.SIGNED_OUT, initiator=by, target=Target.of(user, label=user.display_name))


def _on_failed(
    sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """The typed name is personal and may even be a mistyped password, so it is not kept at all."""
    address = getattr(request, "client_address", None)
    by = somebody_unknown(
        door=Door.SIGN_IN, address=address, correlation_id=getattr(request, "correlation_id", "")
    )
    # Who is signed in and asked again is known, although not who typed.
    person = getattr(request, "user", None)
    target = Target.of(person, label=person.display_name) if person and person.is_authenticated else None
    with transaction.atomic():
        record(Events.SIGN_IN_FAILED, initiator=by, target=target, details={"why": "wrong_name_or_password"})


def connect_signals() -> None:
    """Called once when the app is ready."""
    user_logged_in.connect(_on_signed_in, dispatch_uid="curfew-signed-in")
    user_logged_out.connect(_on_signed_out, dispatch_uid="curfew-signed-out")
    user_login_failed.connect(_on_failed, dispatch_uid="curfew-sign-in-failed")
