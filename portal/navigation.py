"""The rail: what exists and what the reader's role may open, in one list."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.access import may
from portal.htmx import HtmxRequest
from portal.roles import May


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page of the rail. `any_of` is empty for places everybody signed in may open."""

    label: Promise
    url: str
    icon: str
    any_of: tuple[May, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """A place as the rail draws it on one page."""

    label: Promise
    url: str
    icon: str
    is_current: bool


PLACES = (
    Place(label=_("People"), url="/people/", icon="people", any_of=(May.SEE_PEOPLE,)),
    Place(label=_("Sessions"), url="/sessions/", icon="screen", any_of=(May.SEE_SESSIONS,)),
    Place(label=_("Projects"), url="/projects/", icon="flag", any_of=(May.SEE_PROJECTS,)),
    Place(label=_("Revocations"), url="/revocations/", icon="cut", any_of=(May.SEE_REVOCATIONS,)),
    Place(label=_("Approvals"), url="/approvals/", icon="check", any_of=(May.SEE_APPROVALS,)),
    Place(label=_("Audit"), url="/audit/", icon="record", any_of=(May.SEE_AUDIT,)),
    Place(
        label=_("Settings"),
        url="/settings/",
        icon="settings",
        any_of=(May.SEE_CONFIGURATION, May.SEE_CREDENTIALS, May.SEE_ROLES),
    ),
    Place(label=_("My sessions"), url="/me/", icon="user"),
)


def items_for(request: HtmxRequest) -> tuple[NavItem, ...]:
    """The places this reader may open, the current one marked. Nothing for somebody not signed in."""
    if not request.user.is_authenticated:
        return ()
    open_to_reader = [
        place
        for place in PLACES
        if not place.any_of or any(may(request.user, right) for right in place.any_of)
    ]
    return tuple(
        NavItem(label=place.label, url=place.url, icon=place.icon, is_current=_is_at(request.path, place.url))
        for place in open_to_reader
    )


def _is_at(path: str, url: str) -> bool:
    return path.startswith(url)
