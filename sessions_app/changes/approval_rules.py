"""Who may be the second person for what somebody asked: never the first one, in whatever disguise."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet

from audit.events import Events
from audit.initiators import Initiator, InitiatorKind
from audit.models import AuditEntry
from sessions_app.changes.asked_scopes import people_named_by
from sessions_app.changes.blast_radius import Why
from sessions_app.changes.errors import (
    ApprovingForOneself,
    ApprovingOwnRequest,
    ChangeRefused,
    GlassNotForThis,
    MachinesNeverApprove,
    MayNotApprove,
    NobodyAnswers,
    SecurityMustApprove,
)
from sessions_app.models import Approval, ApprovalKind, Identity, Project, Role, User
from sessions_app.models.reasons import Reason
from sessions_app.models.users import UserQuerySet

# A role that the asker gave so shortly before counts for nothing here: it could have been given for this.
PUPPETS = timedelta(days=7)
OF_PEOPLE = (ApprovalKind.TERMINATE, ApprovalKind.END_PEOPLE)


def responsible_for(initiator: Initiator) -> User:
    """The person behind whoever asks: themselves, or who made the machine's credential. Raises NobodyAnswers."""
    if initiator.user_id is not None:
        asker: User = User.objects.get(pk=initiator.user_id)
        return asker
    if initiator.kind == InitiatorKind.MACHINE:
        made = AuditEntry.objects.filter(event_code=Events.CREDENTIAL_CREATED.code, target_id=initiator.id)
        entry = made.filter(initiator_kind=InitiatorKind.USER).first()
        maker: User | None = User.objects.filter(pk=entry.initiator_id).first() if entry else None
        if maker is not None:
            return maker
    raise NobodyAnswers


def is_same_person(one: User, other: User) -> bool:
    """Whether two accounts may be one person's: by e-mail, employee number, or a person id of some realm."""
    if one.pk == other.pk:
        return True
    if one.email and one.email.casefold() == other.email.casefold():
        return True
    if one.employee_number and one.employee_number.casefold() == other.employee_number.casefold():
        return True
    theirs = Identity.objects.filter(user=other).values("person_id")
    return Identity.objects.filter(user=one, person_id__in=theirs).exists()


def refuse_deciding(approval: Approval, by: Initiator) -> None:
    """Raises the child of ChangeRefused that says why this initiator is no second person for it."""
    if by.kind != InitiatorKind.USER:
        raise MachinesNeverApprove
    refusal = why_not_decide(approval, User.objects.get(pk=by.user_id))
    if refusal is not None:
        raise refusal


def why_not_decide(approval: Approval, user: User) -> ChangeRefused | None:
    """Why this person may not approve or decline it; None where they may."""
    if not user.is_active:
        return MachinesNeverApprove()
    if is_same_person(approval.asked_by, user):
        return ApprovingOwnRequest()
    if is_about(approval, user):
        return ApprovingForOneself()
    roles = _counting(approval, user) & deciding_roles(approval)
    if not roles:
        return MayNotApprove()
    if Why.PRIVILEGED in approval.why and not _security_is_among(approval, roles):
        return SecurityMustApprove()
    return None


def refuse_breaking_glass(approval: Approval, by: Initiator) -> None:
    """Raises GlassNotForThis unless `may_break_glass`."""
    user = User.objects.filter(pk=by.user_id).first() if by.user_id else None
    if user is None or not may_break_glass(approval, user):
        raise GlassNotForThis


def may_break_glass(approval: Approval, user: User) -> bool:
    """Whoever goes alone is in Security, and asked for it themselves; never for more time, nor about themselves."""
    if user.pk != approval.asked_by_id or approval.kind == ApprovalKind.EXTEND_PROJECT:
        return False
    return not is_about(approval, user) and Role.SECURITY in _reaching(approval, user)


def is_about(approval: Approval, user: User) -> bool:
    """Whether it would end this person's own access, or give them more time."""
    if approval.person is not None and is_same_person(approval.person, user):
        return True
    if people_named_by(approval.request).filter(pk=user.pk).exists():
        return True
    return approval.project is not None and Project.objects.of(user).filter(pk=approval.project.pk).exists()


def deciding_roles(approval: Approval) -> frozenset[Role]:
    """Who may approve a thing of this kind at all: the row of the matrix."""
    if approval.kind in OF_PEOPLE and approval.request.get("reason") == Reason.OFFBOARDING:
        return frozenset({Role.HR, Role.IT, Role.SECURITY})
    return frozenset({Role.IT, Role.SECURITY})


def _counting(approval: Approval, user: User) -> frozenset[Role]:
    return _reaching(approval, user) - _given_by_asker(approval, user)


def _reaching(approval: Approval, user: User) -> frozenset[Role]:
    """The roles that cover everybody whom it is about."""
    people = _concerned(approval)
    return frozenset(role for role in user.lasting_roles if _covers(user, role, people))


def _covers(user: User, role: Role, people: QuerySet[User]) -> bool:
    if user.reaches_everybody(through={role}):
        return True
    reached: UserQuerySet = User.objects.visible_to(user, through={role})
    return people.exists() and not people.exclude(pk__in=reached.values("pk")).exists()


def _concerned(approval: Approval) -> QuerySet[User]:
    """The people as far as they are known by name; of others nobody with a narrower role decides."""
    people: QuerySet[User] = User.objects.all()
    if approval.person_id:
        return people.filter(pk=approval.person_id)
    if approval.project is not None:
        return people.filter(memberships__group__in=approval.project.groups.all()).distinct()
    return people_named_by(approval.request)


def _given_by_asker(approval: Approval, user: User) -> frozenset[Role]:
    since = approval.asked_at - PUPPETS
    given = AuditEntry.objects.by_initiator(approval.asked_by_id).filter(
        Q(person_id=user.pk), event_code=Events.ROLE_GRANTED.code, timestamp__gte=since
    )
    return frozenset(Role(entry.details["role"]) for entry in given)


def _security_is_among(approval: Approval, roles: frozenset[Role]) -> bool:
    return Role.SECURITY in roles or Role.SECURITY in _reaching(approval, approval.asked_by)
