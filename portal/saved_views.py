"""Saving, sharing and deleting views of the trail: each change and its entry are one transaction."""

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
        _record(Events.VIEW_SAVED, view, by=by, details=details, personal={"filter": line})
    return view


def switch_sharing(view: SavedView, *, is_shared: bool, by: Initiator) -> None:
    """Let others see it, or not any more. Nothing happens where it is so already."""
    with transaction.atomic():
        if SavedView.objects.filter(pk=view.pk, is_shared=not is_shared).update(is_shared=is_shared):
            _record(Events.VIEW_SHARED, view, by=by, details={"state": "on" if is_shared else "off"})


def delete_view(view: SavedView, *, by: Initiator) -> None:
    """It is gone for everybody it was shared with, too."""
    with transaction.atomic():
        if SavedView.objects.filter(pk=view.pk).delete()[0]:
            _record(Events.VIEW_DELETED, view, by=by)


def _record(
    event: EventKind,
    view: SavedView,
    *,
    by: Initiator,
    details: dict[str, str] | None = None,
    personal: dict[str, str | None] | None = None,
) -> None:
    target = Target(kind="saved_view", id=str(view.pk), label=view.name)
    record(event, initiator=by, target=target, details=details, personal=personal)
