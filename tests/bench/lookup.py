"""The guard's look-up among a million entries, against a bare MGET of as many keys on the same transport."""

from __future__ import annotations

import time
import uuid
from collections import Counter

import jwt
from redis import Redis

from sessions_app.blacklist.claims import IssuerProfile
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.keys import KeySpace, bucket
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.blacklist.values import SessionValue, UserValue
from sessions_app.blacklist.verdict import Outcome, Subject, Verdict
from sessions_app.blacklist.writer import BlacklistWriter, Entry
from tests.bench.scratch import ENV, keeping_time
from tests.bench.timing import Times, in_turns
from tests.factories import AUDIENCE, ISS, KID, public_jwk, signing_key
from tests.redis_server import EmbeddedRedis

REALM = "northwind"
CHUNK = 10_000
ROUNDS, CALLS = 10, 1000

PROFILE = IssuerProfile(
    issuer=ISS, realm=REALM, keys={"keys": [public_jwk()]}, algorithms=("ES256",), audiences=(AUDIENCE,)
)


def measure(server: EmbeddedRedis, *, entries: int) -> str:
    seconds = fill(server, entries)
    with keeping_time():
        times = compare(server)
    return table(entries, seconds, times)


def fill(server: EmbeddedRedis, entries: int) -> float:
    """Publish that many entries through our own writer; returns the seconds it took."""
    writer = BlacklistWriter(server.url, ENV, timeout_seconds=5)
    expires_at_ms = int(time.time() * 1000) + 86_400_000
    began = time.perf_counter()
    for start in range(0, entries, CHUNK):
        end = min(start + CHUNK, entries)
        writer.publish([an_entry(number, expires_at_ms) for number in range(start, end)])
    return time.perf_counter() - began


def an_entry(number: int, expires_at_ms: int) -> Entry:
    """Half sessions, half people, none of whom is asked about later."""
    person, receipt = f"leaver-{number}", "CF-0123456789"
    if number % 2:
        value = SessionValue(revision=1, receipt=receipt)
        return _entry("session", person, f"ended-{number}", value, expires_at_ms)
    person_value = UserValue(revision=1, blocked=True, cutoff_ms=1, second_factor_since_ms=0, receipt=receipt)
    return _entry("user", person, "", person_value, expires_at_ms)


def _entry(kind: str, person: str, ident: str, value: UserValue | SessionValue, expires_at_ms: int) -> Entry:
    return Entry(kind=kind, realm=REALM, person=person, ident=ident, value=value, expires_at_ms=expires_at_ms)


def compare(server: EmbeddedRedis) -> dict[str, Times]:
    guard = Guard(BlacklistReader(server.url, ENV), lambda: {ISS: PROFILE})
    client = Redis.from_url(server.url, protocol=2)
    subjects = [a_subject(number) for number in range(CALLS)]
    keys = [keys_of(subject) for subject in subjects]
    new_tokens, seen = [a_token(number) for number in range(CALLS * (ROUNDS + 1))], a_token(-1)
    return in_turns(
        {
            "redis-py MGET of the same four keys": lambda number: client.mget(keys[number % CALLS]),
            "guard look-up, after the signature": lambda number: allowed(guard, subjects[number % CALLS]),
            "whole check, ES256, token seen before": lambda number: checked(guard, seen),
            "whole check, ES256, token new": lambda number: checked(guard, new_tokens[number]),
            "PyJWT decode, ES256, alone": lambda number: decoded(new_tokens[number]),
        },
        rounds=ROUNDS,
        calls=CALLS,
    )


# Checks that a busy machine made slower than the guard waits, by cause; everything else must be allowed.
closed: Counter[str] = Counter()


def allowed(guard: Guard, subject: Subject) -> None:
    note(guard.check_subject(subject))


def checked(guard: Guard, token: str) -> None:
    note(guard.check(token))


def note(verdict: Verdict) -> None:
    if verdict.outcome is Outcome.UNKNOWN:
        closed[verdict.cause] += 1
    else:
        assert verdict.outcome is Outcome.ALLOWED, verdict


def decoded(token: str) -> None:
    jwt.decode(token, signing_key().public_key(), algorithms=["ES256"], audience=AUDIENCE, issuer=ISS)


def a_subject(number: int) -> Subject:
    now_ms = int(time.time() * 1000)
    return Subject(REALM, f"person-{number}", f"sid-{number}", f"token-{number}", now_ms)


def keys_of(subject: Subject) -> list[str]:
    space, person = KeySpace(ENV), subject.person
    return [
        space.marker(bucket(REALM, person)),
        space.user(REALM, person),
        space.session(REALM, person, subject.sid or ""),
        space.token(REALM, person, subject.token_id or ""),
    ]


def a_token(number: int) -> str:
    now = int(time.time())
    claims = {
        "iss": ISS,
        "sub": f"person-{number}",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 3000,
        "auth_time": now,
        "jti": uuid.uuid4().hex,
        "sid": f"sid-{number}",
    }
    return jwt.encode(claims, signing_key(), algorithm="ES256", headers={"typ": "at+jwt", "kid": KID})


def table(entries: int, seconds: float, times: dict[str, Times]) -> str:
    bare = times["redis-py MGET of the same four keys"]
    rows = [
        f"{name:<42} {one.p50:>9.0f} {one.p99:>9.0f} {one.best:>9.0f} {one.p50 / bare.p50:>8.2f}"
        for name, one in times.items()
    ]
    head = f"{'one check, microseconds':<42} {'p50':>9} {'p99':>9} {'quiet':>9} {'ratio':>8}"
    rate = f"written in {seconds:.1f} s, {entries / seconds:,.0f} a second"
    filled = f"Look-up with {entries:,} entries in Redis ({rate})"
    said = f"Answered UNKNOWN because this machine was too slow: {dict(closed) or 'none'}"
    return "\n".join([filled, head, *rows, said])
