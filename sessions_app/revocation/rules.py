"""What is never allowed, whatever door asks. Which people somebody reaches at all is the door's to check."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from audit.initiators import AUTHORIZATION_SERVER, Initiator, InitiatorKind
from sessions_app.models import Approval, ApprovalState, Project, RevocationScope, Role, RoleGrant, User
from sessions_app.revocation.errors import (
    ActingOnOneself,
    LastAdmin,
    NoteTooShort,
    PrivilegedPerson,
    ReasonNotAllowed,
    SecondPersonNeeded,
    TicketMalformed,
)
from sessions_app.revocation.orders import Order
from sessions_app.revocation.reasons import RULES, is_note_missing, may_use

# The ticket stays in the record for ever, so it is a reference and never a sentence about somebody.
TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#:-]{0,99}")

ONE_AT_A_TIME = frozenset({RevocationScope.SESSION, RevocationScope.TOKEN})


def refuse_what_is_never_allowed(order: Order, user: User) -> None:
    """Raises the child of OrderRefused that fits. Expects the person to be locked."""
    refuse_what_nobody_approves(order, user)
    if order.initiator.user_id != user.pk and not _ends_a_stolen_grant(order):
        refuse_ending_privileged(order, user)


def refuse_what_nobody_approves(order: Order, user: User) -> None:
    """What a second person could not change either. Raises the child of OrderRefused that fits."""
    _refuse_texts(order)
    is_own = order.initiator.user_id == user.pk
    whole_person = order.scope.kind == RevocationScope.USER
    if is_own and whole_person and not RULES[order.reason].the_person:
        raise ActingOnOneself
    is_usable = may_use(order.reason, within_reach(order.initiator, user), on_own_session=is_own)
    if not is_usable and not _is_for_own_project(order):
        raise ReasonNotAllowed
    if whole_person and RULES[order.reason].blocks_sign_in and is_last_admin(user):
        raise LastAdmin


def _refuse_texts(order: Order) -> None:
    if is_note_missing(order.reason, order.note):
        raise NoteTooShort
    if order.ticket and not TICKET.fullmatch(order.ticket):
        raise TicketMalformed


def refuse_many(order: Order, *, project: Project | None) -> None:
    """What is refused of an order about many people as a whole. Raises the child of OrderRefused that fits.

    Of a project its manager, a deputy and machines may give some reasons that they may not give of a person.
    """
    _refuse_texts(order)
    if order.scope.kind == RevocationScope.EVERYONE and RULES[order.reason].blocks_sign_in:
        raise ReasonNotAllowed  # nobody would be left who could let anybody in again
    if may_use(order.reason, order.initiator, on_own_session=False):
        return
    if project is None or not RULES[order.reason].with_a_project:
        raise ReasonNotAllowed
    if not _speaks_for(order.initiator, project):
        raise ReasonNotAllowed


def _is_for_own_project(order: Order) -> bool:
    """Somebody leaves a project, and its manager says so. That they were on it is for the change to check."""
    project = Project.objects.filter(key=order.for_project).first() if order.for_project else None
    is_given = (
        project is not None and RULES[order.reason].with_a_project and not RULES[order.reason].blocks_sign_in
    )
    return is_given and project is not None and _speaks_for(order.initiator, project)


def _speaks_for(initiator: Initiator, project: Project) -> bool:
    if initiator.kind == InitiatorKind.MACHINE:
        return True
    asking = User.objects.filter(pk=initiator.user_id).first() if initiator.user_id else None
    return asking is not None and Project.objects.managed_by(asking).filter(pk=project.pk).exists()


def left_out_of(order: Order, people: Collection[User], *, blocked: Collection[UUID]) -> dict[UUID, str]:
    """Whom an order about many does not reach, each with the code of the refusal that a single order would meet.

    `blocked` are those who would lose sign-in. An order is never held up by whom it may not touch.
    """
    out = {}
    for user in people:
        if user.pk == order.initiator.user_id and user.pk in blocked:
            out[user.pk] = ActingOnOneself.code
    if not _is_over_privileged(order):
        out |= dict.fromkeys(_privileged_among(people), PrivilegedPerson.code)
    losing = {key for key in blocked if key not in out}
    return out | dict.fromkeys(last_admins_among(losing), LastAdmin.code)


def _is_over_privileged(order: Order) -> bool:
    if order.initiator.kind == InitiatorKind.SHELL:
        return True
    approval = _standing(order)
    return approval is not None and bool(_security_among(order, approval))


def _standing(order: Order) -> Approval | None:
    """The second person's word as it stands in SQL, whatever the order says."""
    if order.second is None:
        return None
    decided = Approval.objects.filter(state__in=[ApprovalState.APPROVED, ApprovalState.BROKEN_GLASS])
    return decided.select_related("decided_by").filter(pk=order.second.approval_id).first()


def _security_among(order: Order, approval: Approval | None) -> list[User]:
    """Of the two who answer for it, those in Security."""
    ids = {order.initiator.user_id, approval.decided_by_id if approval else None} - {None}
    return [user for user in User.objects.filter(pk__in=ids) if Role.SECURITY in user.roles]


def _privileged_among(people: Collection[User]) -> set[UUID]:
    privileged = set(User.objects.privileged().values_list("pk", flat=True))
    return {user.pk for user in people if user.pk in privileged}


def _ends_a_stolen_grant(order: Order) -> bool:
    """One session whose grant was used twice ends whoever it belongs to: waiting for Security would keep a thief in."""
    return order.initiator.id == AUTHORIZATION_SERVER and order.scope.kind == RevocationScope.SESSION


def refuse_ending_privileged(order: Order, user: User) -> None:
    """Raises PrivilegedPerson unless Security asks or approves, and SecondPersonNeeded where it does so alone.

    One session, or one token, of theirs is Security's own to end: it takes no account away, and is urgent.
    """
    if not user.is_privileged or order.initiator.kind == InitiatorKind.SHELL:
        return
    if order.scope.kind in ONE_AT_A_TIME:
        refuse_privileged(order.initiator, user)
        return
    approval = _standing(order)
    if not any(Role.SECURITY in each.roles_over(user) for each in _security_among(order, approval)):
        raise PrivilegedPerson
    if approval is None:
        raise SecondPersonNeeded


def refuse_privileged(initiator: Initiator, user: User) -> None:
    """Raises PrivilegedPerson unless the person is ordinary, or Security or the server itself asks."""
    if not user.is_privileged or initiator.kind == InitiatorKind.SHELL:
        return
    if Role.SECURITY not in within_reach(initiator, user).roles:
        raise PrivilegedPerson


def within_reach(initiator: Initiator, user: User) -> Initiator:
    """The initiator with the roles that cover this person: being Security for one country is nothing in another."""
    asking = User.objects.filter(pk=initiator.user_id).first() if initiator.user_id else None
    return replace(initiator, roles=initiator.roles & asking.roles_over(user)) if asking else initiator


def is_last_admin(user: User) -> bool:
    """Whether nobody else who can sign in is Admin for good. Locks the others' grants, so two cannot go at once."""
    if Role.ADMIN not in user.roles:
        return False
    others = (
        RoleGrant.objects.active()
        .select_for_update()
        .filter(role=Role.ADMIN, expires_at=None)
        .exclude(user=user)
    )
    return not any(grant.user.is_active for grant in others.select_related("user"))


def last_admins_among(losing: Collection[UUID]) -> set[UUID]:
    """Admins among these people, if nobody would be left who can sign in and is Admin for good once all lose sign-in.

    Locks every Admin's grant, so that two orders cannot take the last two at once.
    """
    if not losing:
        return set()
    grants = list(RoleGrant.objects.active().select_for_update().filter(role=Role.ADMIN))
    for_good = {grant.user_id for grant in grants if grant.expires_at is None}
    # Asked only now: whoever held the lock may have blocked one of them.
    can_sign_in = User.objects.active().filter(pk__in=for_good).values_list("pk", flat=True)
    if set(can_sign_in).difference(losing):
        return set()
    return {grant.user_id for grant in grants if grant.user_id in losing}
