"""Saved views as their page lists them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from portal.models import SavedView
from portal.presenters.words import clean, name_of
from sessions_app.models import User


@dataclass(frozen=True, kw_only=True)
class ViewRow:
    view: SavedView
    name: str
    owner: str
    address: str
    is_own: bool


def view_rows(views: Iterable[SavedView], reader: User) -> list[ViewRow]:
    """Expects the owners to be there already."""
    return [
        ViewRow(
            view=view,
            name=clean(view.name),
            owner=name_of(view.owner),
            address=address_of(view),
            is_own=view.owner_id == reader.pk,
        )
        for view in views
    ]


def address_of(view: SavedView) -> str:
    """The page of the trail that asks what was saved."""
    page = reverse("audit")
    return f"{page}?{urlencode({'q': view.line})}" if view.line else page
