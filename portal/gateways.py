"""Ready-made gateway configuration: what a company pastes so that its proxy asks Curfew first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from sessions_app.models import EnforcementPoint


class Recipe(StrEnum):
    """One file each, tried on the real server in CI."""

    NGINX = "gateways/nginx.conf"
    APACHE = "gateways/apache.conf"
    HAPROXY = "gateways/haproxy.cfg"
    HAPROXY_LUA = "gateways/haproxy.lua"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """What is guarded, and where. `curfew` is where the proxy reaches us, as host:port."""

    point: EnforcementPoint
    application: str
    listen: str
    curfew: str = ""
    introspection: str = ""

    @property
    def introspection_address(self) -> str:
        return self.introspection or f"{settings.BASE_URL}/oauth/introspect"


def configuration(recipe: Recipe, gateway: Gateway) -> str:
    """A configuration that lets a request through to the application only if Curfew allows it."""
    point = gateway.point
    names_a_port_only = ":" not in gateway.listen
    values = {
        "point": point.name,
        "lua_name": point.name.replace("-", "_"),
        "socket": f"curfew_{point.name}_{gateway.listen.rpartition(':')[2]}",
        "lua": f"/etc/haproxy/curfew_{point.name}.lua",
        "audiences": point.audiences,
        "token_header": point.token_header,
        "application": gateway.application.rstrip("/"),
        "application_server": _haproxy_server(gateway.application),
        "listen": gateway.listen,
        "bind": f":{gateway.listen}" if names_a_port_only else gateway.listen,
        "virtual_host": f"*:{gateway.listen}" if names_a_port_only else gateway.listen,
        "curfew": gateway.curfew or f"127.0.0.1:{settings.PORT}",
        "introspection": gateway.introspection_address,
        "host": urlsplit(settings.BASE_URL).netloc,
        "forged": [
            f"X{one}Auth{two}{name}" for name in ("Subject", "Session") for one, two in product("-_", "-_")
        ],
    }
    return render_to_string(recipe, values)


def _haproxy_server(application: str) -> str:
    """HAProxy takes no addresses: host and port, and how to speak TLS."""
    parts = urlsplit(application)
    if parts.scheme == "http":
        return f"{parts.hostname}:{parts.port or 80}"
    name = parts.hostname
    return (
        f"{name}:{parts.port or 443} ssl verify required ca-file @system-ca sni str({name}) verifyhost {name}"
    )
