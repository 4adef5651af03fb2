"""Adding a person by hand, and giving passwords: how the first Admin comes in before any directory does."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from audit.events import Events
from audit.initiators import Initiator
from audit.record import Target, record
from sessions_app.changes.errors import UsernameTaken, ValuesRefused
from sessions_app.changes.texts import shown
from sessions_app.models import User


@transaction.atomic
def add_person(*, username: str, display_name: str, email: str, password: str, by: Initiator) -> User:
    """Store a person who can sign in here, and the audit entry. They have no role and no external id yet.

    Raises UsernameTaken, or ValuesRefused with every problem of the values and of the password.
    """
    user = User(username=username, display_name=shown(display_name, limit=200) or username, email=email)
    problems = _problems(user, password)
    if problems:
        raise ValuesRefused(*problems)
    if User.objects.filter(username__iexact=username).exists():
        raise UsernameTaken
    user.set_password(password)
    user.save()
    record(Events.PERSON_IMPORTED, initiator=by, target=Target.of(user, label=user.display_name))
    return user


@transaction.atomic
def set_password(user: User, password: str, *, by: Initiator) -> None:
    """Give this person a password, and write the audit entry. Raises ValuesRefused for a weak one."""
    problems = _password_problems(user, password)
    if problems:
        raise ValuesRefused(*problems)
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.set_password(password)
    locked.save(update_fields=["password"])
    record(Events.PASSWORD_SET, initiator=by, target=Target.of(locked, label=locked.display_name))


def _problems(user: User, password: str) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        problems += [(name, " ".join(sentences)) for name, sentences in error.message_dict.items()]
    return problems + _password_problems(user, password)


def _password_problems(user: User, password: str) -> list[tuple[str, str]]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [("password", sentence) for sentence in error.messages]
    return []
