"""Who may introspect: machine credentials and OAuth clients, proved from memory without a slow hash."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any, NoReturn
from urllib.parse import unquote_plus

from sessions_app.blacklist.guard import bearer_token

FAILURES_AT_MOST = 20
WINDOW_SECONDS = 60.0
REMEMBERED_AT_MOST = 10_000
LONGEST_NAME = 200
NOBODY_HASH = hashlib.sha256(b"").hexdigest()
CHALLENGES = (("WWW-Authenticate", 'Basic realm="curfew", charset="UTF-8"'),)


class NotProved(Exception):
    """The caller has not proved who it is."""

    status = 401
    headers: tuple[tuple[str, str], ...] = CHALLENGES


class TooManyFailures(NotProved):
    status = 429
    headers = (("Retry-After", str(int(WINDOW_SECONDS))),)


class NotAllowed(Exception):
    """The caller is known, and may not introspect."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One caller as SQL knows it. With `audiences`, it is told of tokens for these only.

    `client_id` is empty for a machine credential.
    """

    name: str
    client_id: str = ""
    secret_hash: str
    may_introspect: bool
    networks: tuple[str, ...] = ()
    expires_at: datetime | None = None
    audiences: frozenset[str] = frozenset()

    def may_see(self, audiences: Collection[str]) -> bool:
        return not self.audiences or not self.audiences.isdisjoint(audiences)

    def is_usable_from(self, address: str | None) -> bool:
        if self.expires_at is not None and self.expires_at <= datetime.now(UTC):
            return False
        if not self.networks:
            return True
        return address is not None and any(ip_address(address) in ip_network(one) for one in self.networks)


class Callers:
    """Proves callers. `known` gives them by the name they present; it must answer from memory.

    `note` is told name and address of the first of each source's failures within a minute; nobody may wait for it.
    """

    def __init__(
        self, known: Callable[[], Mapping[str, Caller]], note: Callable[[str, str | None], None]
    ) -> None:
        self._known = known
        self._note = note
        self._failures = Failures()

    def prove(self, environ: Mapping[str, Any], form: Mapping[str, str], *, address: str | None) -> Caller:
        """Raises NotProved or NotAllowed. Nothing in time or answer tells which part was wrong."""
        name, secret = _presented(environ.get("HTTP_AUTHORIZATION", ""), form)
        caller = self._known().get(name)
        shown = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        is_right = hmac.compare_digest(shown, caller.secret_hash if caller else NOBODY_HASH)
        if caller is None or not secret or not is_right or not caller.is_usable_from(address):
            # Only now: somebody else's failures from the same address must not hold up the right secret.
            self._refuse(name[:LONGEST_NAME], address)
        if not caller.may_introspect:
            raise NotAllowed("This caller may not introspect tokens.")
        return caller

    def _refuse(self, name: str, address: str | None) -> NoReturn:
        source = f"{address} {name}"
        if self._failures.are_too_many(source):
            raise TooManyFailures("Too many failed attempts from here.")
        if self._failures.note(source) == 1:
            self._note(name, address)
        raise NotProved("Prove who you are with a machine credential or a client's id and secret.")


@dataclass
class Failures:
    """Failed attempts by source within a minute, bounded in memory; per process, which is enough to slow guessing."""

    _by_source: dict[str, list[float]] = field(default_factory=dict)

    def are_too_many(self, source: str) -> bool:
        return len(self._recent(source)) >= FAILURES_AT_MOST

    def note(self, source: str) -> int:
        """How many there are now."""
        if len(self._by_source) >= REMEMBERED_AT_MOST:
            self._by_source.clear()
        recent = [*self._recent(source), time.monotonic()]
        self._by_source[source] = recent
        return len(recent)

    def _recent(self, source: str) -> list[float]:
        since = time.monotonic() - WINDOW_SECONDS
        return [moment for moment in self._by_source.get(source, []) if moment > since]


def _presented(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    """Name and secret. A machine credential is its own name, up to the second underscore."""
    bearer = bearer_token(authorization)
    if bearer:
        return "_".join(bearer.split("_")[:2]), bearer
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        return _basic(encoded.strip())
    return form.get("client_id", ""), form.get("client_secret", "")


def _basic(encoded: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    name, _, secret = decoded.partition(":")
    return unquote_plus(name), unquote_plus(secret)


def callers_from_sql() -> dict[str, Caller]:
    """Every machine credential by its prefix and every client by its id.

    A client is told of what its own access tokens are for, and of nothing else; also where that is only us.
    """
    from sessions_app.models import MachineCredential, OAuthClient, Scope
    from sessions_app.tokens.minting import audiences_of

    credentials = {
        row.prefix: Caller(
            name=row.name,
            secret_hash=row.secret_hash,
            may_introspect=Scope.TOKENS_INTROSPECT in row.scopes,
            networks=tuple(row.networks),
            expires_at=row.expires_at,
        )
        for row in MachineCredential.objects.filter(revoked_at=None)
    }
    clients = {
        row.client_id: Caller(
            name=row.name or row.client_id,
            client_id=row.client_id,
            secret_hash=row.client_secret,
            may_introspect=row.may_introspect,
            audiences=frozenset(audiences_of(row)),
        )
        for row in OAuthClient.objects.filter(disabled_at=None).exclude(client_secret="")
    }
    return {**clients, **credentials}
