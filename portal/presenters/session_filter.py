"""The filters of the sessions page: read from the address, applied within what the reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access import may, people_for, sessions_for
from portal.presenters.filters import AddressFilter, Chosen, Offer, offer
from portal.presenters.words import clean
from portal.roles import May
from sessions_app.models import Application, Session, SessionApplication, User

STATES = {"ended": gettext_lazy("ended"), "all": gettext_lazy("open and ended")}
BEGAN = {
    "1": gettext_lazy("in the last day"),
    "7": gettext_lazy("in the last 7 days"),
    "30": gettext_lazy("in the last 30 days"),
}
IDLE_DAYS = {
    "1d": gettext_lazy("not used today"),
    "7d": gettext_lazy("7 days and longer"),
    "30d": gettext_lazy("30 days and longer"),
}
IDLE_HOURS = {"1h": gettext_lazy("1 hour and longer"), "8h": gettext_lazy("8 hours and longer")}
OFFERED_AT_MOST = 40


@dataclass(frozen=True, kw_only=True)
class SessionFilter(AddressFilter):
    """What the address of the list says. `q` is about the person."""

    app: str = ""
    state: str = ""
    began: str = ""
    idle: str = ""
    address_is: str = ""

    @property
    def tells_origin(self) -> bool:
        """Asking by address or to the hour tells as much as seeing it."""
        return bool(self.address_is) or self.idle in IDLE_HOURS


@dataclass(frozen=True, kw_only=True)
class SessionQuestion:
    """One reader's filters, and what they find."""

    reader: User
    chosen: SessionFilter
    sees_origin: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sees_origin", may(self.reader, May.SEE_SESSION_ORIGIN))

    @property
    def problem(self) -> str:
        """Why this question has no answer, as a sentence."""
        if self.chosen.address_is and not _is_address(self.chosen.address_is):
            return _("“%s” is not an address. One looks like 192.0.2.7 or 2001:db8::7.") % clean(
                self.chosen.address_is
            )
        return ""

    def sessions(self) -> QuerySet[Session]:
        """What is asked for, within reach; nothing where the question itself is wrong."""
        if self.problem:
            return Session.objects.none()
        right = May.SEE_SESSION_ORIGIN if self.chosen.tells_origin else May.SEE_SESSIONS
        found = sessions_for(self.reader, right).filter(_in_state(self.chosen.state), *self._conditions())
        if self.chosen.q:
            people = people_for(self.reader, right).matching(self.chosen.q)
            found = found.filter(user__in=people.values("pk"))
        return found

    def _conditions(self) -> Iterable[Q]:
        now = timezone.now()
        if self.chosen.app:
            # Not a join: that would keep the database from paging by last use.
            seen = SessionApplication.objects.filter(session=OuterRef("pk"), application__key=self.chosen.app)
            yield Q(Exists(seen))
        if self.chosen.began in BEGAN:
            yield Q(began_at__gte=now - timedelta(days=int(self.chosen.began)))
        if self.chosen.idle in {**IDLE_DAYS, **IDLE_HOURS}:
            yield Q(last_used_at__lt=_idle_since(self.chosen.idle, now=now))
        if self.chosen.address_is:
            yield Q(address=self.chosen.address_is)

    @property
    def chips_on(self) -> list[Chosen]:
        applications = dict(_applications()) if self.chosen.app else {}
        known: dict[str, tuple[str, dict[str, str | Promise]]] = {
            "q": (_("person:"), {}),
            "app": (_("app:"), {**applications}),
            "state": (_("state:"), {**STATES}),
            "began": (_("began:"), {**BEGAN}),
            "idle": (_("idle:"), {**IDLE_DAYS, **IDLE_HOURS}),
            "address_is": (_("address:"), {}),
        }
        return [
            Chosen(
                key=key,
                value=str(words.get(getattr(self.chosen, name), clean(getattr(self.chosen, name)))),
                remove_url=self.chosen.address(**{name: ""}),
            )
            for name, (key, words) in known.items()
            if getattr(self.chosen, name)
        ]

    @property
    def offers(self) -> list[Offer]:
        """A menu per filter that is not on yet."""
        idle = {**IDLE_HOURS, **IDLE_DAYS} if self.sees_origin else IDLE_DAYS
        menus = {
            "app": (_("Application"), _applications()[:OFFERED_AT_MOST]),
            "state": (_("State"), _choices(STATES)),
            "began": (_("Began"), _choices(BEGAN)),
            "idle": (_("Idle"), _choices(idle)),
        }
        return [
            offer(word, self.chosen, name, values)
            for name, (word, values) in menus.items()
            if values and not getattr(self.chosen, name)
        ]


def _applications() -> list[tuple[str, str]]:
    return [(application.key, clean(application.name)) for application in Application.objects.all()]


def _choices(words: Mapping[str, Promise]) -> list[tuple[str, str]]:
    return [(value, str(text)) for value, text in words.items()]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _in_state(state: str) -> Q:
    is_open = Q(ended_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))
    return {"all": Q(), "ended": ~is_open}.get(state, is_open)


def _idle_since(choice: str, *, now: datetime) -> datetime:
    """Days are counted from midnight UTC, so that asking twice does not narrow a day down to a minute."""
    amount = int(choice[:-1])
    if choice in IDLE_HOURS:
        return now - timedelta(hours=amount)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=amount - 1)
