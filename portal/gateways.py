"""Ready-made gateway configuration: what a company pastes so that its proxy asks Curfew first."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string


def nginx_configuration(
    *, point: str, application: str = "http://127.0.0.1:3000", listen: str = "8080", curfew: str = ""
) -> str:
    """An nginx `server` that lets a request through to `application` only if Curfew allows it.

    `point` is a registered enforcement point; `curfew` is where nginx reaches us as host:port, by default
    where this installation listens. Checked against a real nginx in CI.
    """
    values = {
        "point": point,
        "application": application,
        "listen": listen,
        "curfew": curfew or f"127.0.0.1:{settings.PORT}",
        "host": urlsplit(settings.BASE_URL).netloc,
    }
    return render_to_string("gateways/nginx.conf", values)
