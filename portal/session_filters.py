"""The filters of the sessions page: read from the address, applied within what the reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.access import may, people_for, sessions_for
from portal.chips import Address, ChipOffer, ChipOn
from portal.cursors import Cursor
from portal.roles import May
from sessions_app.models import Application, Session, User

PAGE = 50

STATES = [("open", _("open")), ("ended", _("ended")), ("all", _("open and ended"))]
BEGAN = [("1", _("since yesterday")), ("7", _("in the last 7 days")), ("30", _("in the last 30 days"))]
IDLE_DAYS = [("1d", _("not used today")), ("7d", _("7 days and longer")), ("30d", _("30 days and longer"))]
IDLE_HOURS = [("1h", _("1 hour and longer")), ("8h", _("8 hours and longer"))]


class SessionFilters(forms.Form):
    """Bound to the address. What the reader may not see is not a field, so it cannot be asked for either."""

    who = forms.CharField(label=_("Person"), max_length=200, required=False)
    app = forms.ModelChoiceField(
        label=_("Application"), queryset=Application.objects.all(), to_field_name="key", required=False
    )
    state = forms.ChoiceField(label=_("State"), choices=STATES, required=False)
    began = forms.ChoiceField(label=_("Began"), choices=BEGAN, required=False)
    idle = forms.ChoiceField(label=_("Idle"), choices=IDLE_HOURS + IDLE_DAYS, required=False)
    address = forms.GenericIPAddressField(label=_("Address"), required=False)

    def __init__(self, data: object, *, viewer: User) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict, whose stub is narrower
        self.viewer = viewer
        self.sees_origin = may(viewer, May.SEE_SESSION_ORIGIN)
        if not self.sees_origin:
            del self.fields["address"]
            self.fields["idle"].choices = IDLE_DAYS  # type: ignore[attr-defined]  # a choice field

    @property
    def place(self) -> Address:
        """The address without its place in the list, and without what is not a filter."""
        return Address({name: self.data[name] for name in self.fields if self.data.get(name)})

    def sessions(self) -> QuerySet[Session]:
        """What is asked for, within reach; nothing where the question itself is wrong."""
        if not self.is_valid():
            return Session.objects.none()
        chosen = self.cleaned_data
        found = sessions_for(self.viewer, self._right_needed(chosen)).filter(_in_state(chosen["state"]))
        if chosen["who"]:
            people = people_for(self.viewer, May.SEE_SESSIONS).matching(chosen["who"])
            found = found.filter(user__in=people.values("pk"))
        if chosen["app"]:
            found = found.filter(applications=chosen["app"])
        if chosen["began"]:
            found = found.filter(began_at__gte=timezone.now() - timedelta(days=int(chosen["began"])))
        if chosen["idle"]:
            found = found.filter(last_used_at__lt=_idle_since(chosen["idle"], now=timezone.now()))
        if chosen.get("address"):
            found = found.filter(address=chosen["address"])
        return found

    def _right_needed(self, chosen: dict[str, str]) -> May:
        """Asking by address or to the hour tells as much as seeing it."""
        tells = chosen.get("address") or chosen["idle"].endswith("h")
        return May.SEE_SESSION_ORIGIN if tells else May.SEE_SESSIONS

    def on(self) -> list[ChipOn]:
        words = {**dict(STATES), **dict(BEGAN), **dict(IDLE_HOURS), **dict(IDLE_DAYS)}
        chips = []
        for name, value in self.place.chosen.items():
            key = f"{str(self.fields[name].label).lower()}:"
            chips.append(self.place.on(name, key, str(words.get(value, value))))
        return chips

    def offers(self) -> list[ChipOffer]:
        """A menu per filter that is not on yet."""
        applications = [(application.key, application.name) for application in Application.objects.all()]
        idle = [*IDLE_HOURS, *IDLE_DAYS] if self.sees_origin else IDLE_DAYS
        offered = {"app": applications, "state": STATES, "began": BEGAN, "idle": idle}
        return [
            self.place.offer(name, str(self.fields[name].label), [(value, str(words)) for value, words in choices])
            for name, choices in offered.items()
            if choices and name not in self.place.chosen
        ]


def _in_state(state: str) -> Q:
    now = timezone.now()
    is_open = Q(ended_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now))
    return {"all": Q(), "ended": ~is_open}.get(state, is_open)


def _idle_since(choice: str, *, now: datetime) -> datetime:
    """Days are counted from midnight UTC, so that asking twice does not narrow a day down to a minute."""
    amount = int(choice[:-1])
    if choice.endswith("h"):
        return now - timedelta(hours=amount)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=amount - 1)


@dataclass(frozen=True, kw_only=True)
class SessionPage:
    """Sessions by last use, and the address part of the next page; empty on the last one."""

    sessions: list[Session]
    next: str


def page_of(sessions: QuerySet[Session], *, after: str) -> SessionPage:
    """The 50 sessions used last before the cursor; costs the same at any depth. Raises BadCursor."""
    if after:
        cursor = Cursor.read(after)
        at, last = cursor.last_used_at, cursor.session_id
        # The first condition is implied; it is what an index can start from.
        sessions = sessions.filter(last_used_at__lte=at).filter(
            Q(last_used_at__lt=at) | Q(last_used_at=at, id__gt=last)
        )
    rows = list(with_what_rows_show(sessions).order_by("-last_used_at", "id")[: PAGE + 1])
    shown = rows[:PAGE]
    more = len(rows) > PAGE
    last_row = shown[-1] if more else None
    cursor_text = Cursor(last_used_at=last_row.last_used_at, session_id=last_row.pk).text() if last_row else ""
    return SessionPage(sessions=shown, next=cursor_text)


def with_what_rows_show(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """With everything a row names, so that fifty rows cost as many queries as one."""
    return sessions.select_related("user", "issuer", "realm", "ended_by").prefetch_related("applications")


def describe(matching: int, people: int) -> str:
    """The line in the cap of the table."""
    return gettext("of %(people)d people") % {"people": people} if matching else ""
