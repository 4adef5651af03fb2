"""Deciding an order about many people: the plan, which a preview shows, and the decision it becomes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from sessions_app.models import (
    Policy,
    Project,
    Revocation,
    RevocationScope,
    RevocationTarget,
    RoleGrant,
    User,
)
from sessions_app.models.moments import from_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.revocation import everyone, leaving, rules
from sessions_app.revocation.already_done import could_have_begun_after
from sessions_app.revocation.entries_of_record import record_many_decided, record_repetition
from sessions_app.revocation.errors import NothingToEnd
from sessions_app.revocation.order_keys import answer_to_repeat, remember_order_key
from sessions_app.revocation.orders import OfManyPeople, Order
from sessions_app.revocation.populations import lock_scope, people_of
from sessions_app.revocation.reasons import RULES
from sessions_app.revocation.storing import store_revocation

ROWS_AT_ONCE = 1000


def decide(order: Order) -> Revocation:
    """Store the decision and whom it is about; expects a transaction. Nobody's access has ended after it.

    Repeats, and an order on the same that is still being carried out, answer with what there is already. Raises a
    child of OrderRefused: an order about people who may not be touched leaves those out instead.
    """
    scope = order.scope
    assert isinstance(scope, OfManyPeople)
    project = lock_scope(scope)
    repeated = answer_to_repeat(order)
    if repeated:
        return repeated
    rules.refuse_many(order, project=project)
    plan = _plan(order, list(people_of(scope)), project)
    under_way = _under_way(order, plan)
    if under_way:
        remember_order_key(order, under_way)
        record_repetition(order, under_way, None)
        return under_way
    if not plan.people and project is None:
        raise NothingToEnd
    revocation = store_revocation(order, project=project)
    targets = plan.targets(revocation)
    RevocationTarget.objects.bulk_create(targets, batch_size=ROWS_AT_ONCE)
    if leaving.ends_project(revocation):
        leaving.make_steps_of_the_whole(revocation)
    remember_order_key(order, revocation)
    record_many_decided(order, revocation, targets)
    if revocation.scope == RevocationScope.EVERYONE:
        everyone.raise_cutoff(revocation.decided_at)
    return revocation


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What an order would do to whom, if it were decided now."""

    people: Sequence[User]
    keeps: Mapping[UUID, list[str]]
    blocked: Collection[UUID]
    left_out: Mapping[UUID, str]

    def targets(self, revocation: Revocation) -> list[RevocationTarget]:
        return [
            RevocationTarget(
                revocation=revocation,
                user=user,
                keeps=self.keeps.get(user.pk, []),
                blocks_sign_in=user.pk in self.blocked,
                left_out=self.left_out.get(user.pk, ""),
            )
            for user in self.people
        ]

    def is_done_by(self, other: Sequence[RevocationTarget]) -> bool:
        """Whether these targets of a decision under way reach everybody it would, at least as hard.

        Not where somebody may have signed in since their cutoff was drawn.
        """
        theirs = {target.user_id: target for target in other if not target.left_out}
        return all(
            user.pk in self.left_out or (user.pk in theirs and self._is_done_to(user, theirs[user.pk]))
            for user in self.people
        )

    def _is_done_to(self, user: User, target: RevocationTarget) -> bool:
        if target.blocks_sign_in:
            return True
        is_drawn = target.cutoff_ms > 0
        has_passed = is_drawn and could_have_begun_after(from_milliseconds(target.cutoff_ms))
        return user.pk not in self.blocked and not has_passed


def _plan(order: Order, people: Sequence[User], project: Project | None) -> _Plan:
    keeps = leaving.other_projects(people, project) if project else {}
    blocked = _blocked(order, people, project, keeps)
    left_out = rules.left_out_of(order, people, blocked=blocked)
    return _Plan(people=people, keeps=keeps, blocked=blocked - left_out.keys(), left_out=left_out)


def _under_way(order: Order, plan: _Plan) -> Revocation | None:
    """The same order, still being carried out, that does all of this one: not where somebody joined since."""
    same = Revocation.objects.pending().filter(
        scope=order.scope.kind, subject=order.scope.subject, reason=order.reason
    )
    newest = same.order_by("-decided_at").first()
    return newest if newest is not None and plan.is_done_by(list(newest.targets.all())) else None


def _blocked(
    order: Order, people: Sequence[User], project: Project | None, keeps: Mapping[UUID, list[str]]
) -> set[UUID]:
    """Who loses sign-in by it: by the reason, or as a contractor whom no running project is left."""
    if RULES[order.reason].blocks_sign_in:
        return {user.pk for user in people}
    if project is None or order.reason != Reason.PROJECT_END:
        return set()
    if not Policy.current().contractors_without_project_lose_sign_in:
        return set()
    # Whoever holds a Role here is no mere contractor: the project takes its own from them, and no more.
    with_role = set(RoleGrant.objects.active().filter(user__in=people).values_list("user", flat=True))
    return {user.pk for user in people if not keeps.get(user.pk) and user.pk not in with_role}


@transaction.atomic  # who is the last Admin is found under a lock
def loses_sign_in(
    order: Order, people: Sequence[User], project: Project | None
) -> tuple[set[UUID], dict[UUID, str]]:
    """Who would lose sign-in by this order now, and who would be left out of it: what a preview shows."""
    plan = _plan(order, people, project)
    return set(plan.blocked), dict(plan.left_out)
