"""What a reported sign-in must look like before anything is looked up for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.changes.errors import ValuesRefused
from sessions_app.changes.texts import is_identifier
from sessions_app.sightings.facts import SignInFacts

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Problem = tuple[str, "StrOrPromise"]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
CLOCKS_APART = timedelta(minutes=5)
TOKENS_AT_MOST = 20


def refuse_impossible(facts: SignInFacts) -> None:
    """Raises ValuesRefused with everything that cannot be."""
    problems = [*_id_problems(facts), *_moment_problems(facts)]
    if facts.address is not None and plain_address(facts.address) is None:
        problems.append(("address", _("This is not an IP address.")))
    if problems:
        raise ValuesRefused(*problems)


def plain_address(text: str) -> str | None:
    """The address in its one spelling, an IPv4 address inside IPv6 as IPv4; None for anything else."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return None
        return str(address.ipv4_mapped or address)
    return str(address)


def _id_problems(facts: SignInFacts) -> Iterator[Problem]:
    sentence = _("An id has 1 to 512 bytes and no NUL character.")
    if not is_identifier(facts.person_id):
        yield "person_id", sentence
    if facts.sid and not is_identifier(facts.sid):
        yield "sid", sentence
    if not all(is_identifier(token.token_id) for token in facts.tokens):
        yield "tokens", sentence
    if len(facts.tokens) > TOKENS_AT_MOST:
        yield "tokens", _("Report at most 20 tokens at once.")


def _moment_problems(facts: SignInFacts) -> Iterator[Problem]:
    ends = {"expires_at": facts.expires_at, "token_expires_at": facts.token_expires_at}
    moments = [("began_at", facts.began_at), ("last_used_at", facts.last_used_at), *ends.items()]
    for token in facts.tokens:
        moments += [("tokens", token.issued_at), ("tokens", token.expires_at)]
    for name, moment in moments:
        if moment is not None and not EARLIEST <= moment < LATEST:
            yield name, _("This moment is not in this century or the next.")
    # A start in the future would let a session slip past a cutoff that is drawn before it comes.
    if facts.began_at > timezone.now() + CLOCKS_APART:
        yield "began_at", _("This moment has not come yet. Check the sender's clock.")
    for name, end in ends.items():
        if end is not None and end <= facts.began_at:
            yield name, _("Nothing ends before it begins.")
