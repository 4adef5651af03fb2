"""The filter language of sessions: one line, one queryset, for the list, the preview, ending and export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.query_moments import Span, read_span
from audit.query_terms import Term, UnreadableQuery, read_terms
from portal.access import may, sessions_for
from portal.presenters.words import clean
from portal.roles import May
from sessions_app.models import Group, Membership, Project, RoleGrant, Session, SessionApplication, User
from sessions_app.models.names import folded
from sessions_app.models.roles import PRIVILEGED

ORIGIN_KEYS = ("address", "device", "place")
STATES = ("open", "ended", "any")


@dataclass(frozen=True, kw_only=True)
class SessionQuery:
    """What one reader asks for. Never finds more than the reader may see, and nothing where it cannot be read."""

    reader: User
    line: str

    @cached_property
    def terms(self) -> list[Term]:
        """Empty where the line cannot be read."""
        try:
            return read_terms(self.line)
        except UnreadableQuery:
            return []

    @cached_property
    def problem(self) -> str:
        """Why this line finds nothing at all, as a sentence that names the part; empty where it can be read."""
        try:
            for term in read_terms(self.line):
                _condition(term)
                self._refuse_what_is_not_seen(term)
        except UnreadableQuery as unreadable:
            return str(unreadable.sentence)
        return ""

    @cached_property
    def tells_origin(self) -> bool:
        """Asking by address or to the hour tells as much as seeing it."""
        return any(_tells_origin(term) for term in self.terms)

    def sessions(self) -> QuerySet[Session]:
        """Open ones, unless the line says otherwise."""
        if self.problem:
            return Session.objects.none()
        right = May.SEE_SESSION_ORIGIN if self.tells_origin else May.SEE_SESSIONS
        conditions = [_condition(term) for term in self.terms]
        if not any(_is_about_state(term) for term in self.terms):
            conditions.append(_open())
        return sessions_for(self.reader, right).filter(*conditions)

    def _refuse_what_is_not_seen(self, term: Term) -> None:
        """Somebody who sees no addresses of anybody is told so, whatever the answer would have been."""
        if _tells_origin(term) and not may(self.reader, May.SEE_SESSION_ORIGIN):
            raise UnreadableQuery(
                _("“%s” asks for something your role does not see. Last use can be asked for by whole days.")
                % clean(term.text)
            )


def _is_about_state(term: Term) -> bool:
    return term.key == "at" or (term.key == "is" and term.value.lower() in STATES)


def _tells_origin(term: Term) -> bool:
    return term.key in ORIGIN_KEYS or (term.key == "used" and not read_span(term.value).is_in_whole_days)


def _condition(term: Term) -> Q:
    """Raises UnreadableQuery for a key nobody knows and for a value its key cannot have."""
    key = term.key or "person"
    if key not in CONDITIONS:
        raise UnreadableQuery(
            _("There is no filter “%(key)s:”. There are %(known)s.")
            % {"key": clean(key), "known": ", ".join(f"{name}:" for name in CONDITIONS)}
        )
    found = CONDITIONS[key](term.value)
    return ~found if term.is_negated else found


# --- One function per key: what its value finds ---------------------------------------------------


def _person(value: str) -> Q:
    """Part of the name, e-mail, user name, employee number or external id, as on the page of people."""
    return _of_people(Q(search_text__contains=folded(value)))


def _user(value: str) -> Q:
    """Exactly this person, by any name that stands for one."""
    named = (
        Q(username__iexact=value)
        | Q(email__iexact=value)
        | Q(external_id=value)
        | Q(employee_number__iexact=value)
        | Q(display_name__iexact=value)
    )
    return _of_people(named | Q(pk=UUID(value)) if _is_uuid(value) else named)


def _of_people(wanted: Q) -> Q:
    return Q(user__in=User.objects.filter(wanted).values("pk"))


def _application(value: str) -> Q:
    # Not a join: that would keep the database from paging by last use.
    named = Q(application__key__iexact=value) | Q(application__name__iexact=value)
    return Q(Exists(SessionApplication.objects.filter(named, session=OuterRef("pk"))))


def _group(value: str) -> Q:
    groups = Group.objects.filter(name__iexact=value)
    return Q(user__in=Membership.objects.filter(group__in=groups).values("user"))


def _project(value: str) -> Q:
    projects = Project.objects.filter(Q(key__iexact=value) | Q(name__iexact=value))
    return Q(user__in=Membership.objects.filter(group__projects__in=projects).values("user"))


def _address(value: str) -> Q:
    try:
        address = ip_address(value)
    except ValueError as error:
        raise UnreadableQuery(
            _("“%s” is not an address. One looks like 192.0.2.7 or 2001:db8::7.") % clean(value)
        ) from error
    return Q(address__isnull=False, address=str(address))


def _device(value: str) -> Q:
    return Q(user_agent__icontains=value) | Q(device_id__iexact=value)


def _place(value: str) -> Q:
    return Q(place__icontains=value)


def _began(value: str) -> Q:
    return _within("began_at", read_span(value))


def _used(value: str) -> Q:
    return _within("last_used_at", read_span(value))


def _within(field: str, span: Span) -> Q:
    found = Q()
    if span.since:
        found &= Q(**{f"{field}__gte": span.since})
    if span.until:
        found &= Q(**{f"{field}__lt": span.until})
    return found


def _alive_at(value: str) -> Q:
    """Begun by then and over only afterwards; of a whole day, at any moment of it."""
    if value[:1] in "<>" or ".." in value:
        raise UnreadableQuery(
            _("“at:%s” is not one moment. Write a day, a moment such as 2026-11-01T14:30, or 7d.")
            % clean(value)
        )
    span = read_span(value)
    since = span.since or timezone.now()
    until = span.until or since
    begun = Q(began_at__lt=until) if until > since else Q(began_at__lte=since)
    return begun & _over_only_after(since)


def _over_only_after(moment: object) -> Q:
    not_ended = Q(ended_at__isnull=True) | Q(ended_at__gt=moment)
    return not_ended & (Q(expires_at__isnull=True) | Q(expires_at__gt=moment))


def _open() -> Q:
    return Q(ended_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))


def _is(value: str) -> Q:
    kinds: dict[str, Callable[[], Q]] = {
        "open": _open,
        "ended": lambda: ~_open(),
        "any": lambda: Q(pk__isnull=False),
        "privileged": _privileged,
    }
    if value.lower() not in kinds:
        raise UnreadableQuery(
            _("“is:%(value)s” is nothing a session can be. It can be %(known)s.")
            % {"value": clean(value), "known": ", ".join(f"is:{kind}" for kind in kinds)}
        )
    return kinds[value.lower()]()


def _privileged() -> Q:
    return Q(user__in=RoleGrant.objects.active().filter(role__in=PRIVILEGED).values("user"))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


CONDITIONS: dict[str, Callable[[str], Q]] = {
    "person": _person,
    "user": _user,
    "app": _application,
    "group": _group,
    "project": _project,
    "address": _address,
    "device": _device,
    "place": _place,
    "began": _began,
    "used": _used,
    "is": _is,
    "at": _alive_at,
}
