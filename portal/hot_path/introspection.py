"""POST /oauth/introspect (RFC 7662): whether a token is good, for callers that have proved who they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from portal.client_address import client_address
from portal.hot_path.callers import Caller, Callers, NotAllowed, NotProved
from portal.hot_path.truths import BoundedTruth, TooSlow
from sessions_app.blacklist.claims import Claims
from sessions_app.blacklist.guard import Guard, now_ms, subject_of
from sessions_app.blacklist.observations import Observation, observe
from sessions_app.blacklist.responses import RETRY_AFTER_SECONDS, Response
from sessions_app.blacklist.verdict import Outcome, Verdict
from sessions_app.tokens.opaque import may_be_opaque

logger = logging.getLogger(__name__)

PATH = "/oauth/introspect"
# Before the name of whoever asked: no enforcement point's name, which is a slug, can begin like this.
NOT_A_POINT = "introspection: "
LARGEST_BODY = 32 * 1024
FORM = "application/x-www-form-urlencoded"
TOLD = (
    "scope",
    "client_id",
    "sub",
    "aud",
    "iss",
    "exp",
    "iat",
    "nbf",
    "jti",
    "sid",
    "auth_time",
    "acr",
    "amr",
)
TOLD_OF_ENTITLEMENTS = ("roles", "groups", "projects", "project_end_date")

Environ = Mapping[str, Any]


class BadForm(Exception):
    """The request is none. The text is for its sender."""


class Introspection:
    """Total: no answer is ever a 500, and none is ever stored."""

    def __init__(
        self,
        guard: Callable[[], Guard],
        callers: Callers,
        truth: BoundedTruth,
        note: Callable[[Observation], None],
    ) -> None:
        self._guard = guard
        self._callers = callers
        self._truth = truth
        self._note = note

    def answer(self, environ: Environ) -> Response:
        if environ.get("REQUEST_METHOD") != "POST":
            return _error(405, "invalid_request", "Send a POST.", ("Allow", "POST"))
        try:
            form = _read_form(environ)
            caller = self._callers.prove(environ, form, address=_address(environ))
            return _json(200, self._say(form.get("token", ""), caller, environ))
        except BadForm as problem:
            return _error(400, "invalid_request", str(problem))
        except NotProved as refusal:
            return _error(refusal.status, "invalid_client", str(refusal), *refusal.headers)
        except NotAllowed as refusal:
            return _error(403, "access_denied", str(refusal))
        except TooSlow:
            return _closed()
        except Exception:  # unknown is closed, whatever the cause
            logger.exception("introspection could not decide")
            return _closed()

    def _say(self, token: str, caller: Caller, environ: Environ) -> dict[str, Any]:
        verdict = self._judge(token)
        if verdict.claims is None:
            return self._say_of_opaque(token, caller)
        self._note(observe(verdict, where=f"{NOT_A_POINT}{caller.name}", at_ms=now_ms(), address=None))
        if verdict.outcome is not Outcome.ALLOWED or not caller.may_see(verdict.claims.audiences):
            return INACTIVE
        return _active(verdict.claims)

    def _say_of_opaque(self, token: str, caller: Caller) -> dict[str, Any]:
        """A client is told of its own refresh tokens only: nobody else has any business with them.

        For the audiences the same holds as for the access tokens there are for it.
        """
        if not may_be_opaque(token):
            return INACTIVE
        said = self._truth.opaque(token)
        is_its_own = caller.client_id in ("", said.get("client_id"))
        return said if is_its_own and caller.may_see(said.get("aud", ())) else INACTIVE

    def _judge(self, token: str) -> Verdict:
        """By the guard; where the blacklist is silent SQL answers, which decides anyhow."""
        verdict = self._guard().check(token)
        if verdict.outcome is not Outcome.UNKNOWN:
            return verdict
        if verdict.claims is None:
            raise TooSlow
        return replace(self._truth.verdict(subject_of(verdict.claims)), claims=verdict.claims)


INACTIVE: dict[str, Any] = {"active": False}


def _active(claims: Claims) -> dict[str, Any]:
    told = {name: claims.raw[name] for name in (*TOLD, *TOLD_OF_ENTITLEMENTS) if name in claims.raw}
    return {"active": True, "token_type": "Bearer", **_in_other_words(claims.raw), **told}


def _in_other_words(raw: Mapping[str, Any]) -> dict[str, str]:
    """What other issuers call client and scope, under the names of RFC 7662."""
    found = {
        "client_id": raw.get("azp") or raw.get("cid") or raw.get("appid"),
        "scope": " ".join(map(str, raw["scp"])) if isinstance(raw.get("scp"), list) else raw.get("scp"),
        "username": raw.get("preferred_username"),
    }
    return {name: value for name, value in found.items() if value and isinstance(value, str)}


def _read_form(environ: Environ) -> dict[str, str]:
    """The parameters, each once. Raises BadForm."""
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != FORM:
        raise BadForm(f"Send the parameters as {FORM}.")
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > LARGEST_BODY:
        raise BadForm("The request is too large, or does not say how large it is.")
    try:
        pairs = parse_qsl(
            environ["wsgi.input"].read(int(length)).decode(),
            keep_blank_values=True,
            max_num_fields=20,
            errors="strict",
        )
    except ValueError as error:
        raise BadForm("The parameters cannot be read.") from error
    return _each_once(pairs)


def _each_once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            raise BadForm(f"Duplicate {name[:64]} parameter.")
        form[name] = value
    if "token" not in form:
        raise BadForm("Missing token parameter.")
    return form


def _address(environ: Environ) -> str | None:
    return client_address(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""))


def _json(status: int, document: Mapping[str, Any], *headers: tuple[str, str]) -> Response:
    kept = (("Cache-Control", "no-store"), ("Pragma", "no-cache"), ("Content-Type", "application/json"))
    return Response(status, (*kept, *headers), json.dumps(document).encode())


def _error(status: int, code: str, description: str, *headers: tuple[str, str]) -> Response:
    return _json(status, {"error": code, "error_description": description}, *headers)


def _closed() -> Response:
    return _error(
        503,
        "temporarily_unavailable",
        "It is not known at the moment whether tokens are good.",
        ("Retry-After", str(RETRY_AFTER_SECONDS)),
    )
