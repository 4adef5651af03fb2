"""The rail: what exists and what the reader's role may open, in one list."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.access import may
from portal.htmx import HtmxRequest
from portal.roles import May
from sessions_app.changes.approval_rules import why_not_decide
from sessions_app.models import Approval, User


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
    count: int = 0


OVERVIEW = "/"
APPROVALS = "/approvals/"
PLACES = (
    Place(label=_("Overview"), url=OVERVIEW, icon="gauge", any_of=(May.SEE_APPROVALS,)),
    Place(label=_("People"), url="/people/", icon="people", any_of=(May.SEE_PEOPLE,)),
    Place(label=_("Sessions"), url="/sessions/", icon="screen", any_of=(May.SEE_SESSIONS,)),
    Place(label=_("Projects"), url="/projects/", icon="flag", any_of=(May.SEE_PROJECTS,)),
    Place(label=_("Revocations"), url="/revocations/", icon="cut", any_of=(May.SEE_REVOCATIONS,)),
    Place(label=_("Approvals"), url=APPROVALS, icon="key", any_of=(May.SEE_APPROVALS,)),
    Place(label=_("Tasks"), url="/tasks/", icon="plug", any_of=(May.DO_TASKS,)),
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
    return tuple(_item(request, place) for place in open_to_reader)


def _item(request: HtmxRequest, place: Place) -> NavItem:
    return NavItem(
        label=place.label,
        url=place.url,
        icon=place.icon,
        is_current=_is_at(request.path, place.url),
        count=_to_decide(request.user) if place.url == APPROVALS else 0,
    )


def _to_decide(user: User) -> int:
    """What waits for exactly this reader to decide or review."""
    if not may(user, May.APPROVE):
        return 0
    open_ones = Approval.objects.waiting(timezone.now()) | Approval.objects.to_review()
    related = open_ones.select_related("asked_by", "person", "project")
    return sum(why_not_decide(approval, user) is None for approval in related)


def _is_at(path: str, url: str) -> bool:
    return path == url if url == OVERVIEW else path.startswith(url)
