"""What a refused order or change means over HTTP, in one place for these pages."""

from __future__ import annotations

from http import HTTPStatus

from sessions_app.changes.errors import (
    ApprovingForOneself,
    ApprovingOwnRequest,
    ChangeRefused,
    GlassNotForThis,
    MachinesNeverApprove,
    MayNotApprove,
    OnlyWhoAsked,
    ReasonTooShort,
    SecurityMustApprove,
)
from sessions_app.revocation.errors import (
    ActingOnOneself,
    NoteTooShort,
    OrderKeyReused,
    OrderRefused,
    PrivilegedPerson,
    ReasonNotAllowed,
)

FORBIDDEN = (
    ActingOnOneself,
    ApprovingForOneself,
    ApprovingOwnRequest,
    GlassNotForThis,
    MachinesNeverApprove,
    MayNotApprove,
    OnlyWhoAsked,
    PrivilegedPerson,
    ReasonNotAllowed,
    SecurityMustApprove,
)
UNUSABLE = (NoteTooShort, OrderKeyReused, ReasonTooShort)


def status_of(refusal: OrderRefused | ChangeRefused) -> int:
    """403 for what this person may not do, 422 for what they typed, 409 for how things stand."""
    if isinstance(refusal, FORBIDDEN):
        return HTTPStatus.FORBIDDEN
    return HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(refusal, UNUSABLE) else HTTPStatus.CONFLICT


def is_about_the_person(refusal: OrderRefused | ChangeRefused) -> bool:
    """Whether no other form could have been accepted either, because of who it is about."""
    return isinstance(refusal, ActingOnOneself | PrivilegedPerson)
