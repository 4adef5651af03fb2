"""The one HTTP client for calls out of Curfew: to the address that was checked, small, short, and nowhere else.

An address that a person types makes this server call it. So it is resolved once and called at the very
address that was looked at (a name cannot mean something else a moment later), inside our own network only
where its row says so, without following a redirect, through no proxy, with bounds on size and time.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Sequence
from threading import Thread
from time import monotonic
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

LARGEST_ANSWER: Final = 64 * 1024
TOTAL_SECONDS: Final = 3.0
ADDRESSES_TRIED: Final = 3

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses that carry another one inside: what counts is that one (RFC 6052, RFC 3056).
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class CallFailure(TextChoices):
    """Why there is no answer."""

    BAD_ADDRESS = "bad_address", _("this is not an https address of a server")
    NOT_RESOLVED = "not_resolved", _("its name cannot be resolved")
    PRIVATE = "private", _("it leads to a private address, which is not allowed here")
    FORBIDDEN = "forbidden", _("it leads to an address that is never called")
    NO_CONNECTION = "no_connection", _("it cannot be reached")
    TIMEOUT = "timeout", _("it did not answer in time")
    TLS = "tls", _("its certificate is not valid")
    REDIRECT = "redirect", _("it redirects to another address")
    STATUS = "status", _("it answered with an error")
    TOO_LARGE = "too_large", _("its answer is too large")
    NOT_JSON = "not_json", _("its answer is not JSON")


class CallFailed(Exception):
    """No usable answer; `failure` says why, without anything of the answer in it."""

    def __init__(self, failure: CallFailure) -> None:
        super().__init__(str(failure.value))
        self.failure = failure


class _Target(NamedTuple):
    url: httpx.URL
    host: str
    port: int


def get_json(url: str, *, allow_private: bool) -> Any:
    """The JSON document at `url`, within TOTAL_SECONDS. Raises CallFailed.

    `https` only; plain `http` is for a server on this machine, and only with `allow_private`.
    """
    deadline = monotonic() + TOTAL_SECONDS
    target = _read(url)
    addresses = _resolve(target, seconds=TOTAL_SECONDS)
    for address in addresses:
        _refuse_unwanted(address, target, allow_private=allow_private)
    body = asyncio.run(_fetch(target, addresses[:ADDRESSES_TRIED], deadline))
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallFailed(CallFailure.NOT_JSON) from error


def is_callable(url: str, *, allow_private: bool) -> bool:
    """Whether an address has the form of one that may be called; what it leads to is seen at the call."""
    try:
        target = _read(url)
    except CallFailed:
        return False
    return target.url.scheme == "https" or (allow_private and target.host in LOOPBACK_NAMES)


def _read(url: str) -> _Target:
    try:
        parts, read = urlsplit(url), httpx.URL(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except (ValueError, httpx.InvalidURL) as error:
        raise CallFailed(CallFailure.BAD_ADDRESS) from error
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username is not None:
        raise CallFailed(CallFailure.BAD_ADDRESS)
    return _Target(read, parts.hostname, port)


def _resolve(target: _Target, *, seconds: float) -> list[Address]:
    """Every address of the name, in the resolver's order. In a thread of its own, which may be left behind."""
    found: list[Address] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers)

    asking = Thread(target=ask, name="resolving", daemon=True)
    asking.start()
    asking.join(seconds)
    addresses = list(dict.fromkeys(found))
    if not addresses:
        raise CallFailed(CallFailure.TIMEOUT if asking.is_alive() else CallFailure.NOT_RESOLVED)
    return addresses


def _refuse_unwanted(address: Address, target: _Target, *, allow_private: bool) -> None:
    """Every address of a name has to be fit to be called, or none is."""
    meant = _meant(address)
    if meant.is_link_local or meant.is_multicast or meant.is_unspecified:
        raise CallFailed(CallFailure.FORBIDDEN)  # 169.254.169.254 is where clouds keep credentials
    if meant == ipaddress.ip_address("fd00:ec2::254") or (meant.is_reserved and not meant.is_loopback):
        raise CallFailed(CallFailure.FORBIDDEN)
    if not allow_private and not (address.is_global and meant.is_global):
        raise CallFailed(CallFailure.PRIVATE)
    if target.url.scheme == "http" and not (allow_private and meant.is_loopback):
        raise CallFailed(CallFailure.BAD_ADDRESS)


def _meant(address: Address) -> Address:
    """The address inside one that only carries another."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


async def _fetch(target: _Target, addresses: Sequence[Address], deadline: float) -> bytes:
    """The body, from the first of these addresses that takes the connection."""
    try:
        async with asyncio.timeout(max(0.0, deadline - monotonic())):
            return await _from_one_of(addresses, target)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise CallFailed(CallFailure.TIMEOUT) from error
    except httpx.ConnectError as error:
        raise CallFailed(CallFailure.TLS if _is_tls(error) else CallFailure.NO_CONNECTION) from error
    except httpx.HTTPError as error:
        raise CallFailed(CallFailure.NO_CONNECTION) from error


def _is_tls(error: BaseException) -> bool:
    """Whether what broke the connection was its encryption, however often it was wrapped on its way here."""
    cause = error.__cause__ or error.__context__
    return isinstance(error, ssl.SSLError) or (cause is not None and _is_tls(cause))


async def _from_one_of(addresses: Sequence[Address], target: _Target) -> bytes:
    # The system's certificates, so that a company's own authority counts; no proxy, no .netrc.
    context = ssl.create_default_context()
    async with httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False) as client:
        for address in addresses[:-1]:
            try:
                return await _ask(client, target, address)
            except httpx.ConnectError:
                continue
        return await _ask(client, target, addresses[-1])


async def _ask(client: httpx.AsyncClient, target: _Target, address: Address) -> bytes:
    """One request to this very address; the name stays in Host, in TLS and in the certificate's check."""
    headers = {
        "Host": target.url.netloc.decode("ascii"),
        "Accept": "application/json, application/jwk-set+json",
        "Accept-Encoding": "identity",  # a few bytes could unpack to gigabytes
        "User-Agent": "Curfew",
    }
    async with client.stream(
        "GET",
        target.url.copy_with(host=str(address)),
        headers=headers,
        extensions={"sni_hostname": target.host},
        timeout=TOTAL_SECONDS,
    ) as answer:
        _refuse_answer(answer)
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise CallFailed(CallFailure.TOO_LARGE)
        return bytes(body)


def _refuse_answer(answer: httpx.Response) -> None:
    if answer.is_redirect or answer.has_redirect_location:
        raise CallFailed(CallFailure.REDIRECT)
    if answer.status_code != httpx.codes.OK:
        raise CallFailed(CallFailure.STATUS)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or answer.headers.get("content-encoding", "identity") != "identity":
        raise CallFailed(CallFailure.NOT_JSON)
