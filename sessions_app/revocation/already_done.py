"""When an order finds its work already done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sessions_app.models import BlacklistEntry, EntryKind, Revocation, RevocationTarget, Session, Token, User
from sessions_app.models.moments import database_now, from_milliseconds, to_milliseconds
from sessions_app.revocation.orders import OneSession, OneToken, OneUserAtApplication, Order, SomeSessions
from sessions_app.revocation.reasons import RULES


def find_already_done(order: Order, people: Sequence[User]) -> Revocation | None:
    """The unfinished or effective revocation that has at least the effects this order would have, or None.

    Expects the people to be locked. Something stronger (a block on top of an ended session) is never "done",
    and nothing cut off is while the blacklist still lacks something of them.
    """
    done = _find(order, people)
    if done and done.cut_off_at and BlacklistEntry.objects.filter(user__in=people).unpublished().exists():
        return None
    return done


def _find(order: Order, people: Sequence[User]) -> Revocation | None:
    match order.scope:
        case SomeSessions(session_ids=keys):
            return _done_for_sessions(keys)
        case OneSession():
            ended = Session.objects.select_related("ended_by").get(pk=order.scope.session_id)
            return ended.ended_by
        case OneToken():
            return _done_for_token(
                Token.objects.select_related("session__ended_by").get(pk=order.scope.token_id)
            )
        case OneUserAtApplication():
            return None  # whatever is open there was begun since
        case _:
            return _done_for_person(order, people[0])


def _done_for_sessions(keys: Sequence[UUID]) -> Revocation | None:
    """One revocation that ended every one of them; several together are nobody's answer."""
    endings = set(Session.objects.filter(pk__in=keys).values_list("ended_by", flat=True))
    return Revocation.objects.filter(pk=endings.pop()).first() if len(endings) == 1 else None


def _done_for_token(token: Token) -> Revocation | None:
    # Without a session id nothing in the token says that its session ended: a refresh gave it a later start.
    if token.session.ended_by and token.session.sid:
        return token.session.ended_by
    return token.revocations.order_by("-decided_at").first()


def _done_for_person(order: Order, user: User) -> Revocation | None:
    whole = user.revocation_targets.of_whole_people().filter(reinstated_at=None, left_out="")
    newest = whole.select_related("revocation").order_by("-revocation__decided_at").first()
    if newest is None or not _has_effects_of(newest, order, user) or not _is_effective(newest, user):
        return None
    cutoff_at = from_milliseconds(newest.cutoff_ms)
    if user.is_active and could_have_begun_after(cutoff_at):
        return None
    if Session.objects.of(user).filter(began_at__gt=cutoff_at).exists():
        return None
    return newest.revocation


def could_have_begun_after(cutoff_at: datetime) -> bool:
    """Whether somebody who may sign in can have done so since, at an issuer that has not told us.

    Tokens give the start of a session in whole seconds, so whatever began in the cutoff's own second is over.
    """
    return database_now().replace(microsecond=0) > cutoff_at


def _has_effects_of(target: RevocationTarget, order: Order, user: User) -> bool:
    rule = RULES[order.reason]
    blocked = target.blocks_sign_in and not user.is_active
    return (blocked or not rule.blocks_sign_in) and (
        target.still_demands_second_factor or not rule.second_factor_next
    )


def _is_effective(target: RevocationTarget, user: User) -> bool:
    """Unfinished, or its cutoff still stands in the blacklist for every identity of the person.

    An unfinished one about many people is no answer: whoever must go at once does not wait for the others.
    """
    if target.revocation.cut_off_at is None:
        return not target.revocation.is_of_many
    now_ms = to_milliseconds(database_now())
    standing = BlacklistEntry.objects.filter(kind=EntryKind.USER, user=user).unexpired(now_ms).count()
    return standing >= user.identities.count()
