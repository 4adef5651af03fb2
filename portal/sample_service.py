"""A protected sample service for the demo: a tiny billing API that asks the guard on every request.

It is what a service of your own would look like: it imports the guard, not Django, and knows nothing of
Curfew but the blacklist's address and a file with the trusted issuers (`manage.py guard_config`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from sessions_app.blacklist.guard import Guard, GuardMiddleware, load_profiles
from sessions_app.blacklist.reader import BlacklistReader

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AUDIENCE = "https://api.northwind.example"


def billing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Whoever gets here was let through by the guard."""
    answer = {
        "service": "Billing API of Northwind",
        "you_are": environ["HTTP_X_AUTH_SUBJECT"],
        "open_invoices": 3,
    }
    body = json.dumps(answer).encode() + b"\n"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def protected(redis_url: str, issuers_file: str) -> WSGIApplication:
    """The service behind its guard; `/health` answers without a token."""
    profiles = load_profiles(issuers_file)
    guard = Guard(BlacklistReader(redis_url, profiles.env), profiles)
    return GuardMiddleware(_with_health(billing), guard, audience=AUDIENCE, exempt=["/health"])


def _with_health(service: WSGIApplication) -> WSGIApplication:
    def either(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/health":
            return service(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]

    return either


class _ThreadedServer(ThreadingMixIn, WSGIServer):
    """One thread a request, so that a slow client holds up nobody."""

    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    """Python's own handler writes every request, headers aside, to standard error: one line is enough."""

    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        sys.stderr.write(f"{self.log_date_time_string()} {format % args}\n")


def serve_on_loopback(port: int, service: WSGIApplication) -> None:
    """Answer on the loopback address until stopped."""
    with make_server("127.0.0.1", port, service, _ThreadedServer, _QuietHandler) as server:
        server.serve_forever()


if __name__ == "__main__":
    try:
        protected_service = protected(os.environ["REDIS_URL"], os.environ["GUARD_CONFIG"])
        serve_on_loopback(int(os.environ["SAMPLE_PORT"]), protected_service)
    except KeyError as missing:
        sys.exit(f"{missing.args[0]} must be set.")
    except KeyboardInterrupt:
        pass
