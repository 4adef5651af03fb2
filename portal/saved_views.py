"""Saving, sharing and deleting views of the trail: each change and its entry are one transaction.

What a view is called and asks stands beside its entry only once others see it: a private one is its owner's alone,
also for whoever reads the whole trail. Opening it is no entry either, so nothing is lost that could be judged.
"""

from __future__ import annotations

from django.db import transaction

from audit.events import EventKind, Events
from audit.initiators import Initiator
from audit.record import Target, record
from portal.models import SavedView
from sessions_app.models import User

MOST_VIEWS = 50


class TooManyViews(Exception):
    """Somebody keeps as many views as anybody may."""


def save_view(owner: User, *, name: str, line: str, is_shared: bool, by: Initiator) -> SavedView:
    """Keep the line under this name; one of the same name is replaced. Raises TooManyViews."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # two at once would pass the limit, or the name
        others = SavedView.objects.of(owner).exclude(name=name)
        if others.count() >= MOST_VIEWS:
            raise TooManyViews
        view, _made = SavedView.objects.update_or_create(
            owner=owner, name=name, defaults={"line": line, "is_shared": is_shared}
        )
        details = {"shared": "yes" if is_shared else "no"}
        _record(Events.VIEW_SAVED, view, by=by, is_open=is_shared, details=details)
    return view


def switch_sharing(view: SavedView, *, is_shared: bool, by: Initiator) -> None:
    """Let others see it, or not any more. Nothing happens where it is so already."""
    with transaction.atomic():
        if SavedView.objects.filter(pk=view.pk, is_shared=not is_shared).update(is_shared=is_shared):
            details = {"state": "on" if is_shared else "off"}
            _record(Events.VIEW_SHARED, view, by=by, is_open=True, details=details)  # it is, or was until now


def delete_view(view: SavedView, *, by: Initiator) -> None:
    """It is gone for everybody it was shared with, too."""
    with transaction.atomic():
        if SavedView.objects.filter(pk=view.pk).delete()[0]:
            _record(Events.VIEW_DELETED, view, by=by, is_open=view.is_shared)


def _record(
    event: EventKind,
    view: SavedView,
    *,
    by: Initiator,
    is_open: bool,
    details: dict[str, str] | None = None,
) -> None:
    target = Target(kind="saved_view", id=str(view.pk), label=view.name if is_open else "")
    personal = {"filter": view.line} if is_open else None
    record(event, initiator=by, target=target, details=details, personal=personal)
