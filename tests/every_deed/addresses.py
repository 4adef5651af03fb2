"""Every address there is, as `urls.py` spells it, found by walking the resolver."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

HOT_PATH = frozenset({"verdict", "oauth/introspect"})  # answered in front of Django (portal/hot_path)
CLOSED = (
    "accounts/signup/", "accounts/email/", "accounts/confirm-email/", "accounts/^confirm-email/",
    "accounts/password/set/", "accounts/password/reset/", "accounts/^password/reset/", "accounts/login/code/",
)  # fmt: skip  # allauth's, hidden behind a 404 by urls.py
NEVER_FOUND = "^accounts/(?:signup|email|confirm-email|password/(?:set|reset)|login/code)/"


def addresses() -> frozenset[str]:
    """Those that answer; what is closed is tested to be closed."""
    found = frozenset(address for address, _pattern in walked(get_resolver()))
    return (found | HOT_PATH) - closed() - {NEVER_FOUND}


def closed() -> frozenset[str]:
    found = frozenset(address for address, _pattern in walked(get_resolver()))
    return frozenset(address for address in found if address.startswith(CLOSED))


def closed_example(at: str) -> str:
    """An address that the pattern would match."""
    plain = at.replace("^", "").replace("$", "")
    return re.sub(r"\(\?P<\w+>[^)]*\)", "abc", plain)


def guarded() -> dict[str, URLPattern]:
    """Those whose view names a right that somebody without a role does not have."""
    return {
        address: pattern
        for address, pattern in walked(get_resolver())
        if getattr(pattern.callback, "required_rights", ())
    }


def walked(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walked(pattern, address)
        else:
            yield address, pattern
