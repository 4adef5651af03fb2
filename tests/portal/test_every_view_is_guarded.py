"""No address of the portal answers without having said who may ask: walked from the resolver, so none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

# Signing in, what carries no data, and doors that check credentials of their own.
PUBLIC = (
    "healthz", "readyz", "theme/", "accounts/", "^accounts/", "api/v1/", ".well-known/",
    "oauth/token", "oauth/revoke", "oauth/userinfo", "oauth/jwks",
)  # fmt: skip


def every_pattern(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_pattern(pattern, address)
        else:
            yield address, pattern


GUARDED = [
    (address, pattern) for address, pattern in every_pattern(get_resolver()) if not address.startswith(PUBLIC)
]


def test_the_walk_finds_the_portal():
    assert {"people/", "audit/", "settings/"} <= {address for address, _pattern in GUARDED}


@pytest.mark.parametrize(("address", "pattern"), GUARDED, ids=[address or "home" for address, _ in GUARDED])
def test_a_view_names_the_rights_it_requires(address: str, pattern: URLPattern):
    assert isinstance(getattr(pattern.callback, "required_rights", None), tuple)
