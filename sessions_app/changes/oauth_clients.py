"""Programs that may ask our authorization server for tokens: made, changed, given a secret, switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Events
from audit.initiators import Initiator, acting, the_authorization_server
from audit.record import Target, record
from sessions_app.changes.errors import ValuesRefused
from sessions_app.changes.texts import shown
from sessions_app.models import Application, Identity, OAuthClient, Session, User, UserKind
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import cut_off, decide
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.tokens.own_issuer import (
    LONGEST_CHAIN_SECONDS,
    LONGEST_TOKEN_SECONDS,
    own_realm,
    prepare_own_issuer,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Problem = tuple[str, "StrOrPromise"]

CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,99}")
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
SHORTEST_TOKEN_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class ClientFacts:
    """What an Admin says of a client. `for_itself`: client credentials, and so an account of its own."""

    client_id: str
    name: str
    is_confidential: bool
    for_itself: bool = False
    application: Application | None = None
    redirect_uris: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    allowed_scopes: tuple[str, ...] = ()
    may_introspect: bool = False
    is_trusted: bool = False
    access_token_seconds: int = 300
    chain_seconds: int = 43_200


@dataclass(frozen=True, kw_only=True)
class ClientMade:
    """`secret` is shown once and kept nowhere; empty for a public client."""

    client: OAuthClient
    secret: str


def create_client(facts: ClientFacts, *, by: Initiator) -> ClientMade:
    """Store a client, with an account of its own where it acts for itself. Raises ValuesRefused."""
    problems = _problems(facts)
    if OAuthClient.objects.filter(client_id=facts.client_id).exists():
        problems.append(("client_id", _("A client of this id exists.")))
    if problems:
        raise ValuesRefused(*problems)
    secret = OAuthClient.draw_secret() if facts.is_confidential else ""
    with transaction.atomic(), acting(by):
        client = OAuthClient(client_id=facts.client_id)
        client.client_secret = OAuthClient.hash_of(secret) if secret else ""
        _take(client, facts)
        if facts.for_itself:
            client.service_user = _service_account(facts, by=by)
        client.save()
        _record(Events.OAUTH_CLIENT_SAVED, client, by=by)
    prepare_own_issuer(by=by)
    return ClientMade(client=client, secret=secret)


def change_client(client: OAuthClient, facts: ClientFacts, *, by: Initiator) -> OAuthClient:
    """Bring a client up to these facts; its id, its type and its grant stay. Raises ValuesRefused."""
    facts = replace(
        facts,
        client_id=client.client_id,
        is_confidential=client.client_type == OAuthClient.CLIENT_CONFIDENTIAL,
        for_itself=client.authorization_grant_type == OAuthClient.GRANT_CLIENT_CREDENTIALS,
    )
    problems = _problems(facts)
    if problems:
        raise ValuesRefused(*problems)
    with transaction.atomic(), acting(by):
        locked = OAuthClient.objects.select_for_update().get(pk=client.pk)
        _take(locked, facts)
        locked.save()
        _record(Events.OAUTH_CLIENT_SAVED, locked, by=by)
    prepare_own_issuer(by=by)
    return locked


def draw_new_secret(client: OAuthClient, *, by: Initiator) -> str:
    """A new secret, shown once; the old one proves nothing from now on. Raises ValuesRefused for a public client."""
    if client.client_type != OAuthClient.CLIENT_CONFIDENTIAL:
        raise ValuesRefused(("client_id", _("A public client has no secret.")))
    secret = OAuthClient.draw_secret()
    with transaction.atomic(), acting(by):
        locked = OAuthClient.objects.select_for_update().get(pk=client.pk)
        locked.client_secret = OAuthClient.hash_of(secret)
        locked.save(update_fields=["client_secret"])
        _record(Events.OAUTH_SECRET_DRAWN, client, by=by)
    return secret


def switch_off(client: OAuthClient, *, by: Initiator) -> None:
    """Nobody gets a token through this client any more, and what it holds for itself ends.

    Sessions of people who signed in with it go on until they end or are ended: they are these people's.
    """
    with transaction.atomic(), acting(by):
        locked = OAuthClient.objects.select_for_update().get(pk=client.pk)
        if locked.disabled_at is not None:
            return
        locked.disabled_at = database_now()
        locked.save(update_fields=["disabled_at"])
        _record(Events.OAUTH_CLIENT_SWITCHED, locked, by=by, state="off")
        own = None
        if locked.service_user is not None and Session.objects.of(locked.service_user).open().exists():
            own = decide(
                Order(
                    initiator=the_authorization_server(),
                    reason=Reason.ROLE_CHANGE,
                    scope=OneUser(user_id=locked.service_user.pk),
                    received_at=locked.disabled_at,
                    note=str(_("The OAuth client was switched off.")),
                )
            )
    if own is not None:
        cut_off(own, by=the_authorization_server())


def switch_on(client: OAuthClient, *, by: Initiator) -> None:
    with transaction.atomic(), acting(by):
        locked = OAuthClient.objects.select_for_update().get(pk=client.pk)
        if locked.disabled_at is not None:
            locked.disabled_at = None
            locked.save(update_fields=["disabled_at"])
            _record(Events.OAUTH_CLIENT_SWITCHED, client, by=by, state="on")


def _take(client: OAuthClient, facts: ClientFacts) -> None:
    client.name = facts.name
    client.client_type = (
        OAuthClient.CLIENT_CONFIDENTIAL if facts.is_confidential else OAuthClient.CLIENT_PUBLIC
    )
    client.authorization_grant_type = (
        OAuthClient.GRANT_CLIENT_CREDENTIALS if facts.for_itself else OAuthClient.GRANT_AUTHORIZATION_CODE
    )
    client.application = facts.application
    client.redirect_uris = " ".join(facts.redirect_uris)
    client.audiences = list(facts.audiences)
    client.allowed_scopes = list(facts.allowed_scopes)
    client.may_introspect = facts.may_introspect
    client.skip_authorization = facts.is_trusted
    client.access_token_seconds = facts.access_token_seconds
    client.chain_seconds = facts.chain_seconds


def _service_account(facts: ClientFacts, *, by: Initiator) -> User:
    """A user that stands for the client, so that its tokens are listed and end like anybody's."""
    account = User(
        kind=UserKind.SERVICE,
        username=f"client:{facts.client_id}",
        display_name=facts.name,
        external_id=f"client:{facts.client_id}",
    )
    account.set_unusable_password()
    account.save()
    Identity.objects.create(user=account, realm=own_realm(), person_id=facts.client_id)
    record(
        Events.PERSON_IMPORTED,
        initiator=by,
        target=Target.of(account, label=account.display_name),
        details={"kind": "service"},
    )
    return account


def _could_be_a_person(client_id: str) -> bool:
    """People are named by a UUID in the realm where a service is named by its client id."""
    try:
        UUID(client_id)
    except ValueError:
        return False
    return True


def _problems(facts: ClientFacts) -> list[Problem]:
    problems: list[Problem] = []
    if not CLIENT_ID.fullmatch(facts.client_id):
        problems.append(("client_id", _("An id is 2 to 100 small letters, digits, dots, dashes.")))
    if facts.for_itself and _could_be_a_person(facts.client_id):
        problems.append(("client_id", _("This could be the id of a person; choose a name.")))
    if not facts.name or shown(facts.name, limit=200) != facts.name:
        problems.append(("name", _("A name has 1 to 200 visible characters.")))
    if not facts.for_itself and not facts.redirect_uris:
        problems.append(("redirect_uris", _("Say where the browser may be sent back to.")))
    if facts.for_itself and not facts.is_confidential:
        problems.append(("is_confidential", _("A client that acts for itself must keep a secret.")))
    if facts.may_introspect and not facts.is_confidential:
        problems.append(("may_introspect", _("Only a client with a secret can introspect.")))
    if any(not _is_redirect_uri(uri) for uri in facts.redirect_uris):
        problems.append(
            (
                "redirect_uris",
                _("Each is a whole https address without a fragment; http only on this machine."),
            )
        )
    if any(not SCOPE.fullmatch(scope) for scope in facts.allowed_scopes):
        problems.append(("allowed_scopes", _("A scope has visible ASCII characters only, no quotes.")))
    return problems + _number_problems(facts)


def _number_problems(facts: ClientFacts) -> list[Problem]:
    problems: list[Problem] = []
    if not SHORTEST_TOKEN_SECONDS <= facts.access_token_seconds <= LONGEST_TOKEN_SECONDS:
        problems.append(("access_token_seconds", _("Between a minute and an hour.")))
    if not facts.access_token_seconds <= facts.chain_seconds <= LONGEST_CHAIN_SECONDS:
        problems.append(("chain_seconds", _("At least one access token long, at most 30 days.")))
    return problems


def _is_redirect_uri(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError:
        return False
    is_local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    # They are kept in one text, split at spaces: what stood behind one would be an address nobody looked at.
    is_one = shown(uri, limit=2000) == uri and " " not in uri
    plain = is_one and not parts.fragment and "@" not in parts.netloc
    return plain and bool(parts.hostname) and (parts.scheme == "https" or is_local)


def _record(event: EventKind, client: OAuthClient, *, by: Initiator, state: str = "") -> None:
    record(
        event,
        initiator=by,
        target=Target(kind="oauth_client", id=client.client_id, label=client.name),
        details={"state": state} if state else None,
    )
