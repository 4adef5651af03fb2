"""A sign-in an application remembers by itself, in a cookie session, and what is said when it was ended."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from .claims import Claims
from .responses import (
    NO_STORE,
    RETRY_AFTER_SECONDS,
    ReasonClass,
    Response,
    reason_class,
    response_for,
    title_of,
)
from .verdict import Outcome, Subject, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSession:
    """What an application keeps of a sign-in so that the guard can be asked about it later.

    `second_factor` says that the sign-in proved one; an application that cannot tell leaves it, and then
    a person who has to prove one is refused. `entitlements` are the groups and roles the session gives,
    None where it gives none of its own.
    """

    realm: str
    person: str
    started_at_ms: int
    sid: str | None = None
    second_factor: bool = False
    entitlements: tuple[str, ...] | None = None
    project_end_ms: int | None = None
    issuer: str = ""

    @classmethod
    def of(cls, claims: Claims) -> "LocalSession":
        """The session a verified token belongs to: `guard.check(token).claims`, at sign-in."""
        return cls(
            realm=claims.realm,
            person=claims.person,
            started_at_ms=claims.started_ms,
            sid=claims.sid,
            second_factor=claims.second_factor,
            entitlements=claims.entitlements,
            project_end_ms=claims.project_end_ms,
            issuer=claims.issuer,
        )

    def to_json(self) -> dict[str, Any]:
        """In types a session store takes; from_json gives back an equal value."""
        kept = asdict(self)
        return kept if self.entitlements is None else {**kept, "entitlements": list(self.entitlements)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "LocalSession":
        names = kept.get("entitlements")
        return cls(**{**kept, "entitlements": None if names is None else tuple(names)})

    def subject(self) -> Subject:
        """Whom to ask the guard about."""
        return Subject(
            self.realm,
            self.person,
            self.sid,
            None,
            self.started_at_ms,
            self.project_end_ms,
            self.second_factor,
            self.entitlements,
        )


def is_over(verdict: Verdict) -> bool:
    """Whether the application must end its own session too; not when it is only unknown."""
    return verdict.outcome in (Outcome.REVOKED, Outcome.INVALID)


def farewell(verdict: Verdict, *, accept: str, sign_in_url: str | None) -> Response:
    """What a browser is answered instead of the page it asked for.

    The sign-in page at `sign_in_url` with `?ended=<reason class>`, or a page of our own that says why; a
    503 page while it is unknown. Programs, which do not ask for HTML, get the problem document.
    """
    if "text/html" not in accept.lower():
        return response_for(verdict)
    reason = reason_class(verdict)
    if reason is ReasonClass.UNKNOWN:
        return _page(503, reason, ("Retry-After", str(RETRY_AFTER_SECONDS)))
    if sign_in_url is not None:
        mark = "&" if "?" in sign_in_url else "?"
        address = f"{sign_in_url}{mark}{urlencode({'ended': reason})}"
        return Response(303, (NO_STORE, _HTML, ("Location", address)), b"")
    return _page(401, reason, ("WWW-Authenticate", f'Cookie error="{reason}"'))


_HTML = ("Content-Type", "text/html; charset=utf-8")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""

_TEXTS = {
    ReasonClass.UNKNOWN: "You are still signed in. Please try again in a moment.",
    ReasonClass.USER_BLOCKED: "You have been signed out. If this is a mistake, please ask your company.",
    ReasonClass.PROJECT_ENDED: "You have been signed out. If this is a mistake, please ask the project's manager.",
}


def _page(status: int, reason: ReasonClass, header: tuple[str, str]) -> Response:
    text = _TEXTS.get(reason, "You have been signed out here. Please sign in again.")
    body = _PAGE.format(title=escape(title_of(reason)), text=escape(text)).encode()
    return Response(status, (NO_STORE, _HTML, header), body)
