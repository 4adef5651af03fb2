"""What the shell around every page shows; worked out only when a template asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.access import may
from portal.htmx import HtmxRequest
from portal.navigation import NavItem, items_for
from portal.roles import May
from portal.times import clock_time
from portal.views.theme import Theme, theme_of
from sessions_app.models import Role, User
from sessions_app.revocation.health import BlacklistLight, blacklist_light

DEMO_ROLES = (
    ("hana", Role.HR),
    ("ivan", Role.IT),
    ("sam", Role.SECURITY),
    ("paula", Role.PROJECT_MANAGER),
    ("aude", Role.AUDITOR),
    ("ada", Role.ADMIN),
)


@dataclass(frozen=True, kw_only=True)
class Light:
    """The blacklist light. It is only lit for people who are signed in, so it is never both of its booleans."""

    answering: bool = False
    silent: bool = False
    milliseconds: float | None = None
    sentence: str = ""


class Shell:
    """Rail, top bar and banner of one request. A fragment, which has none of them, pays for nothing."""

    def __init__(self, request: HtmxRequest) -> None:
        self._request = request

    @property
    def _user(self) -> User | None:
        user = getattr(self._request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @property
    def theme(self) -> Theme:
        return theme_of(self._request)

    @property
    def demo(self) -> bool:
        return bool(settings.DEMO)

    @property
    def demo_password(self) -> str:
        """What the sign-in page of a demo may print; empty everywhere else."""
        return (getattr(settings, "DEMO_PASSWORD", None) or "") if settings.DEMO else ""

    @property
    def demo_people(self) -> tuple[tuple[str, str], ...]:
        """Who is waiting in the demo company, and as what."""
        with_roles = tuple((f"{name}@northwind.example", str(role.label)) for name, role in DEMO_ROLES)
        return (*with_roles, ("otto@northwind.example", _("No role")))

    @property
    def person(self) -> str:
        return (self._user.display_name or self._user.username) if self._user else ""

    @cached_property
    def roles(self) -> str:
        """The reader's roles in words, for the foot of the rail."""
        if self._user is None:
            return ""
        return ", ".join(sorted(str(role.label) for role in self._user.roles)) or _("No role")

    @cached_property
    def nav(self) -> tuple[NavItem, ...]:
        return items_for(self._request) if self._user else ()

    @property
    def may_search(self) -> bool:
        return self._user is not None and may(self._user, May.SEE_PEOPLE)

    @cached_property
    def light(self) -> Light:
        return _as_light(blacklist_light()) if self._user else Light()


def _as_light(seen: BlacklistLight) -> Light:
    if seen.answering:
        return Light(answering=True, milliseconds=seen.milliseconds)
    if seen.since is None:
        return Light(
            silent=True,
            sentence=_("The blacklist does not answer. Decisions are stored and take effect later."),
        )
    sentence = _(
        "The blacklist has not answered since %(time)s UTC. Decisions are stored and take effect later."
    )
    return Light(silent=True, sentence=sentence % {"time": clock_time(seen.since)[:8]})


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor: `shell.nav`, `.person`, `.roles`, `.theme`, `.demo`, `.light`, `.may_search`."""
    return {"shell": Shell(cast(HtmxRequest, request))}
