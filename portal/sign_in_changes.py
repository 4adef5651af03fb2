"""What people change about how they sign in here, and second factors that were wrong: entries of the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.signals import password_changed
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.db import transaction
from django.http import HttpRequest

from audit.events import EventKind, Events
from audit.initiators import Door, somebody_unknown
from audit.record import Target, record
from portal.portal_sessions import initiator_for
from sessions_app.models import User

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator


def _on_added(
    sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    _record(Events.SECOND_FACTOR_SET_UP, request, user, kind=str(authenticator.type))


def _on_removed(
    sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    _record(Events.SECOND_FACTOR_REMOVED, request, user, kind=str(authenticator.type))


def _on_password_changed(sender: object, request: HttpRequest, user: User, **_: Any) -> None:
    _record(Events.PASSWORD_CHANGED, request, user, kind="password")


def _record(event: EventKind, request: HttpRequest, user: User, *, kind: str) -> None:
    with transaction.atomic():
        record(
            event,
            initiator=initiator_for(request, user, door=Door.SIGN_IN),
            target=Target.of(user, label=user.display_name),
            details={"kind": kind},
        )


def _on_failed(sender: object, request: HttpRequest, user: User, **_: Any) -> None:
    """Whose password was right is known, who typed the wrong code is not."""
    _record_failure(request, why="wrong_code", target=Target.of(user, label=user.display_name))


def record_wrong_passkey(request: HttpRequest, user: User | None) -> None:
    """At sign-in about nobody: what was sent names somebody, and anybody could have sent it.

    Elsewhere about `user`, whose password was right or who is signed in.
    """
    target = Target.of(user, label=user.display_name) if user else None
    _record_failure(request, why="wrong_passkey", target=target)


def record_wrong_password(request: HttpRequest, user: User) -> None:
    """In a browser in which this person is signed in; who typed it is not known."""
    _record_failure(request, why="wrong_password", target=Target.of(user, label=user.display_name))


def record_renamed_passkey(request: HttpRequest, user: User) -> None:
    _record(Events.SECOND_FACTOR_RENAMED, request, user, kind="webauthn")


def _record_failure(request: HttpRequest, *, why: str, target: Target | None) -> None:
    nobody = somebody_unknown(
        door=Door.SIGN_IN,
        address=getattr(request, "client_address", None),
        correlation_id=getattr(request, "correlation_id", ""),
    )
    with transaction.atomic():
        record(Events.SIGN_IN_FAILED, initiator=nobody, target=target, details={"why": why})


def connect_signals() -> None:
    """Called once when the app is ready."""
    authenticator_added.connect(_on_added, dispatch_uid="curfew-factor-added")
    authenticator_reset.connect(_on_added, dispatch_uid="curfew-factor-reset")
    authenticator_removed.connect(_on_removed, dispatch_uid="curfew-factor-removed")
    authentication_failed.connect(_on_failed, dispatch_uid="curfew-factor-failed")
    password_changed.connect(_on_password_changed, dispatch_uid="curfew-password-changed")
