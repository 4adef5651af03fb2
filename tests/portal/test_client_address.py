"""The client's address: what our own proxies say, and never what a client says of itself."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from portal.client_address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "fe80::1%<script>", "10.0.0.1"),
        ("fe80::1%eth0", "", None),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "10.0.0.1", "203.0.113.9"),
        ("", "203.0.113.9", None),
    ],
)
def test_only_trusted_proxies_are_believed(settings: Settings, peer, forwarded, expected):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    assert client_address(peer, forwarded) == expected
