"""The true address of the client behind our own proxies, and of nobody who merely claims one."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings

LONGEST_CHAIN = 20
LONGEST_REMEMBERED = 200


def client_address(peer: str, forwarded_for: str) -> str | None:
    """The last address in the chain that is not one of our proxies; None where no valid one is known.

    `X-Forwarded-For` counts only when the peer itself is a trusted proxy, and is read from the right:
    everything left of the first stranger was written by that stranger.
    """
    find = _find_again if len(forwarded_for) <= LONGEST_REMEMBERED else _find
    return find(peer, forwarded_for, tuple(settings.TRUSTED_PROXIES))


def _find(peer: str, forwarded_for: str, _proxies: tuple[str, ...]) -> str | None:
    current = _parse(peer)
    if current is None:
        return None
    for hop in reversed(forwarded_for.split(",")[-LONGEST_CHAIN:]):
        if not _is_trusted(current):
            break
        earlier = _parse(hop)
        if earlier is None:
            break
        current = earlier
    return str(current)


# Asked on every check, and most requests come from where others came from.
_find_again = lru_cache(maxsize=2048)(_find)


def is_trusted_proxy(peer: str) -> bool:
    """Whether what this peer says in its own headers may be believed."""
    address = _parse(peer)
    return address is not None and _is_trusted(address)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address inside IPv6 as the IPv4 it is. None for one with a zone, which may be any text at all."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def _is_trusted(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=8)
def _networks(configured: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(entry, strict=False) for entry in configured)
