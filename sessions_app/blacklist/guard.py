"""The guard: whether this token, or this session, may still be used."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from .bearer import bearer_token
from .claims import Claims, IssuerProfile, verify
from .dates import now_ms
from .errors import InvalidToken, UnknownKey
from .issuers_file import IssuersFile, load_profiles
from .reader import BlacklistReader
from .responses import Response, response_for
from .verdict import Outcome, Subject, Values, Verdict, decide, has_ended, unavailable
from .wsgi import GuardMiddleware

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


class Guard:
    """Answers with a verdict, always: whatever goes wrong on the way is UNKNOWN with its name.

    `on_unknown_key` hears the `iss` of a token whose key is not known, so that somebody may look for a new
    one. Anybody can cause that; it has to return at once.
    """

    def __init__(
        self,
        reader: BlacklistReader,
        profiles: Profiles,
        now_ms: Callable[[], int] = now_ms,
        *,
        on_unknown_key: Callable[[str], None] | None = None,
    ) -> None:
        self._reader = reader
        self._on_unknown_key = on_unknown_key
        self._profiles = profiles
        self._now_ms = now_ms

    def check(self, token: str, audience: str | None = None, *, admitted_at_ms: int | None = None) -> Verdict:
        """The verdict on a token; with `audience`, only if it is also meant for that one.

        With `admitted_at_ms`, whether what was let in then may go on: its `exp` is judged as of then, its
        keys and the blacklist as of now.
        """
        claims: Claims | None = None
        try:
            at_ms = self._now_ms() if admitted_at_ms is None else admitted_at_ms
            claims = verify(token, self._profiles(), at_ms)
            if audience is not None and audience not in claims.audiences:
                raise InvalidToken("audience", "not for this enforcement point")
            return self._look_up(subject_of(claims), claims)
        except InvalidToken as error:
            self._note_unknown_key(error)
            return Verdict(Outcome.INVALID, error.cause)
        except Exception as error:  # noqa: BLE001 - unknown is closed: no failure may look like "allowed"
            return replace(unavailable(error), claims=claims)

    def check_session(
        self,
        realm: str,
        person: str,
        sid: str | None,
        started_at_ms: int,
        *,
        second_factor: bool = False,
        entitlements: tuple[str, ...] | None = None,
    ) -> Verdict:
        """The verdict on a session that is known without a token, such as an application's cookie.

        `second_factor` says that its sign-in proved one; without it, a person of whom one is demanded is
        refused with step_up. `entitlements` are the groups and roles the session gives, None where it gives
        none of its own: then a lost one cannot be noticed. Whoever kept a `LocalSession` of the token asks by
        `check_subject(session.subject())`, which also ends it with its project.
        """
        subject = Subject(
            realm,
            person,
            sid,
            None,
            started_at_ms,
            second_factor=second_factor,
            entitlements=entitlements,
        )
        return self.check_subject(subject)

    def check_subject(self, subject: Subject) -> Verdict:
        """The verdict on somebody whose token was verified elsewhere, or who has none."""
        if "" in (subject.realm, subject.person, subject.sid, subject.token_id):
            return Verdict(Outcome.INVALID, "empty_claim")
        try:
            return self._look_up(subject, None)
        except Exception as error:  # noqa: BLE001 - as above
            return unavailable(error)

    def _note_unknown_key(self, error: InvalidToken) -> None:
        if isinstance(error, UnknownKey) and self._on_unknown_key is not None:
            with suppress(Exception):
                self._on_unknown_key(error.issuer)

    def _look_up(self, subject: Subject, claims: Claims | None) -> Verdict:
        values = Values(None) if has_ended(subject, self._now_ms()) else self._reader.read(subject)
        # The clock is read after the answer: time spent waiting makes a heartbeat older, not younger.
        found = decide(subject, values, self._now_ms(), values.high_water)
        # Spelled out, because `replace` takes longer than the decision did.
        return Verdict(found.outcome, found.cause, found.receipt, claims, found.why, found.notes)


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
