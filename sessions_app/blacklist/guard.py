"""The guard: whether this token, or this session, may still be used."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from .claims import Claims, IssuerProfile, verify
from .errors import InvalidToken
from .issuers_file import IssuersFile, load_profiles
from .reader import BlacklistReader
from .responses import Response, identity_headers, response_for
from .verdict import Outcome, Subject, Values, Verdict, decide, has_ended

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = [
    "Guard",
    "GuardMiddleware",
    "IssuersFile",
    "Response",
    "bearer_token",
    "load_profiles",
    "now_ms",
    "response_for",
]

Profiles = Callable[[], Mapping[str, IssuerProfile]]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Guard:
    """Answers with a verdict, always: whatever goes wrong on the way is UNKNOWN with its name."""

    def __init__(
        self, reader: BlacklistReader, profiles: Profiles, now_ms: Callable[[], int] = now_ms
    ) -> None:
        self._reader = reader
        self._profiles = profiles
        self._now_ms = now_ms

    def check(self, token: str, audience: str | None = None) -> Verdict:
        """The verdict on a token; with `audience`, only if it is also meant for that one."""
        try:
            claims = verify(token, self._profiles(), self._now_ms())
            if audience is not None and audience not in claims.audiences:
                raise InvalidToken("audience", "not for this enforcement point")
            return self._look_up(subject_of(claims), claims)
        except InvalidToken as error:
            return Verdict(Outcome.INVALID, error.cause)
        except Exception as error:  # noqa: BLE001 - unknown is closed: no failure may look like "allowed"
            return _unavailable(error)

    def check_session(self, realm: str, person: str, sid: str | None, started_at_ms: int) -> Verdict:
        """The verdict on a session that is known without a token, such as an application's cookie."""
        return self.check_subject(Subject(realm, person, sid, None, started_at_ms))

    def check_subject(self, subject: Subject) -> Verdict:
        """The verdict on somebody whose token was verified elsewhere, or who has none."""
        if "" in (subject.realm, subject.person, subject.sid, subject.token_id):
            return Verdict(Outcome.INVALID, "empty_claim")
        try:
            return self._look_up(subject, None)
        except Exception as error:  # noqa: BLE001 - as above
            return _unavailable(error)

    def _look_up(self, subject: Subject, claims: Claims | None) -> Verdict:
        values = Values(None) if has_ended(subject, self._now_ms()) else self._reader.read(subject)
        # The clock is read after the answer: time spent waiting makes a heartbeat older, not younger.
        found = decide(subject, values, self._now_ms(), values.high_water)
        return replace(found, claims=claims)


def subject_of(claims: Claims) -> Subject:
    """Whom to look up for a token."""
    return Subject(
        claims.realm,
        claims.person,
        claims.sid,
        claims.token_id,
        claims.started_ms,
        claims.project_end_ms,
        claims.second_factor,
        claims.entitlements,
    )


def _unavailable(error: Exception) -> Verdict:
    return Verdict(Outcome.UNKNOWN, f"unavailable:{type(error).__name__}")


def bearer_token(authorization: str) -> str:
    """The token of an Authorization header, "" if there is none of the Bearer scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else ""


class GuardMiddleware:
    """Lets a request through to a WSGI application only if the guard allows its bearer token.

    The application finds the person in HTTP_X_AUTH_SUBJECT, the session in HTTP_X_AUTH_SESSION
    (percent-encoded) and the verdict in `curfew.verdict`. Whatever a client sends under X-Auth-*
    is removed, also on exempt paths; those are compared as a whole, never as a beginning.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        guard: Guard,
        *,
        audience: str | None = None,
        exempt: Collection[str] = (),
    ) -> None:
        self._app = app
        self._guard = guard
        self._audience = audience
        self._exempt = frozenset(exempt)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        for name in [name for name in environ if name.startswith("HTTP_X_AUTH_")]:
            del environ[name]
        if environ.get("PATH_INFO", "") in self._exempt:
            return self._app(environ, start_response)
        verdict = self._guard.check(bearer_token(environ.get("HTTP_AUTHORIZATION", "")), self._audience)
        if verdict.outcome is not Outcome.ALLOWED:
            return _refuse(response_for(verdict), start_response)
        for name, value in identity_headers(verdict):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ["curfew.verdict"] = verdict
        return self._app(environ, start_response)


def _refuse(response: Response, start_response: "StartResponse") -> list[bytes]:
    status = f"{response.status} {HTTPStatus(response.status).phrase}"
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    start_response(status, headers)
    return [response.body]
