"""Ending selected sessions: the frozen set, whom it concerns, what is left out of it and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from uuid import UUID

from django.core import signing
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.initiators import InitiatorKind
from portal.access import sessions_for
from portal.presenters.deaths import Consequence, consequences_of, names_of
from portal.presenters.session_list import ListedSession, listed_for, with_what_rows_show
from portal.presenters.words import name_of, sessions_words
from portal.roles import May
from sessions_app.changes.blast_radius import Reach, Why, why_not_alone
from sessions_app.models import Policy, Session, User
from sessions_app.revocation.coverage import Coverage, fate_of
from sessions_app.revocation.orders import SomeSessions

MOST_SESSIONS = 5000
SHOWN_AT_MOST = 200
KEPT_SECONDS = 30 * 60
SALT = "curfew.sessions.selection"


class SelectionLost(Exception):
    """The frozen set is damaged, too old, or somebody else's."""


class TooMany(Exception):
    """More than end as one order. `sentence` says how to ask for fewer."""

    def __init__(self, *, sessions: int, people: int) -> None:
        self.sentence = _(
            "%(sessions)s of %(people)s match. One order ends at most %(most_sessions)d sessions, each by its name. "
            "Narrow the search, for example with app:, group:, project: or began:, and end them in parts, or end the "
            "access of a whole group under People."
        ) % {
            "sessions": sessions_words(sessions),
            "people": people_words(people),
            "most_sessions": MOST_SESSIONS,
        }
        super().__init__(self.sentence)


@dataclass(frozen=True, kw_only=True)
class SelectedPerson:
    """One person of the frozen set."""

    name: str
    sessions: int
    applications: str
    tails: tuple[str, ...]
    is_privileged: bool


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Sessions that were selected and cannot be in the set, with the reason."""

    who: str
    why: str


def ids_of_open(sessions: QuerySet[Session], *, reader: User) -> list[UUID]:
    """Every open session of these. Raises TooMany before it reads them; one's own do not count, as they stay."""
    still_open = sessions.filter(pk__in=Session.objects.open().values("pk"))
    found = still_open.exclude(user=reader).aggregate(
        sessions=Count("pk"), people=Count("user", distinct=True)
    )
    if found["sessions"] > MOST_SESSIONS:
        raise TooMany(**found)
    return list(still_open.values_list("pk", flat=True))


class Selection:
    """These sessions as this reader may end them now. Ids out of the reader's reach do not exist in it."""

    def __init__(self, reader: User, session_ids: Collection[UUID]) -> None:
        self.reader = reader
        self.session_ids = session_ids

    @classmethod
    def thaw(cls, reader: User, frozen: str) -> Self:
        """The set a preview froze for this reader. Raises SelectionLost."""
        try:
            kept = signing.loads(frozen, salt=SALT, max_age=KEPT_SECONDS)
        except signing.BadSignature as error:
            raise SelectionLost from error
        if kept["reader"] != str(reader.pk):
            raise SelectionLost
        return cls(reader, [UUID(hex=text) for text in kept["sessions"]])

    def freeze(self) -> str:
        """Exactly what would end, signed, for half an hour and this reader only."""
        ids = sorted(row.session.pk.hex for row in self.ending)
        return signing.dumps({"reader": str(self.reader.pk), "sessions": ids}, salt=SALT, compress=True)

    @cached_property
    def rows(self) -> list[ListedSession]:
        found = sessions_for(self.reader, May.SEE_SESSIONS).filter(pk__in=self.session_ids)
        return listed_for(
            self.reader, with_what_rows_show(found).order_by("user__display_name", "-last_used_at")
        )

    @cached_property
    def ending(self) -> list[ListedSession]:
        return [row for row in self.rows if row.may_end]

    @property
    def is_still_allowed(self) -> bool:
        """Whether everything of it that is open may be ended by the reader now, and still exists for them."""
        return len(self.rows) == len(set(self.session_ids)) and all(
            row.may_end for row in self.rows if row.session.is_open
        )

    def refuse_too_many(self) -> None:
        """Raises TooMany."""
        if len(self.ending) > MOST_SESSIONS:
            raise TooMany(sessions=len(self.ending), people=len(self.people))

    @cached_property
    def why(self) -> list[Why]:
        """Why a second person is needed; empty where none is."""
        return why_not_alone(self.reach, InitiatorKind.USER)

    @property
    def reach(self) -> Reach:
        privileged = sum(person.is_privileged for person in self.people)
        return Reach(people=len(self.people), sessions=self.count, privileged=privileged)

    @property
    def why_words(self) -> list[str]:
        return why_words(self.why)

    @property
    def scope(self) -> SomeSessions:
        return SomeSessions.of(self.session_ids)

    @property
    def shown(self) -> list[SelectedPerson]:
        return self.people[:SHOWN_AT_MOST]

    @property
    def not_shown(self) -> int:
        return max(0, len(self.people) - SHOWN_AT_MOST)

    @cached_property
    def people(self) -> list[SelectedPerson]:
        by_person: dict[UUID, list[ListedSession]] = {}
        for row in self.ending:
            by_person.setdefault(row.session.user_id, []).append(row)
        return [_person(rows) for rows in by_person.values()]

    @cached_property
    def left_out(self) -> list[LeftOut]:
        reasons: dict[tuple[str, str], int] = {}
        for row in self.rows:
            if not row.may_end:
                key = (row.name, _why_not(row))
                reasons[key] = reasons.get(key, 0) + 1
        return [
            LeftOut(
                who=_("%(sessions)s of %(name)s") % {"sessions": sessions_words(count), "name": name}, why=why
            )
            for (name, why), count in reasons.items()
        ]

    @property
    def consequences(self) -> list[Consequence]:
        return consequences_of(Coverage(fates=tuple(fate_of(row.session) for row in self.ending)))

    @property
    def count(self) -> int:
        return len(self.ending)

    @property
    def title(self) -> str:
        return _("End %(sessions)s of %(people)s?") % {
            "sessions": sessions_words(self.count),
            "people": people_words(len(self.people)),
        }

    @property
    def submit(self) -> str:
        if self.why:
            return _("Ask for a second person")
        return _("End %s") % sessions_words(self.count)

    @property
    def recorded_as(self) -> str:
        roles = ", ".join(sorted(str(role.label) for role in self.reader.roles))
        return _("Recorded as %(name)s, %(roles)s") % {"name": name_of(self.reader), "roles": roles}


def why_words(why: Collection[Why]) -> list[str]:
    """What of it is too much for one person alone, each as a sentence."""
    policy = Policy.current()
    words = {
        Why.EVERYONE: _("Everyone is signed out."),
        Why.MANY_PEOPLE: _("One person alone ends the access of at most %d people.") % policy.people_alone,
        Why.SHARE_OF_STAFF: _("That is more than %d per cent of everybody.") % policy.staff_percent_alone,
        Why.MANY_SESSIONS: _("One person alone ends at most %d sessions.") % policy.sessions_alone,
        Why.PRIVILEGED: _("An Admin or somebody in Security is among them."),
    }
    return [words[each] for each in why if each in words]


def earlier_end_words(reach: Reach) -> list[str]:
    """Whose tokens an earlier end of a project ends, and why that takes a second person, each as a sentence."""
    numbers = {"people": people_words(reach.people), "sessions": sessions_words(reach.sessions)}
    said = [_("That is %(people)s with %(sessions)s now.") % numbers]
    why = why_words(why_not_alone(reach, InitiatorKind.USER))
    return [*said, *why, _("So it takes a second person.")] if why else said


def people_words(count: int) -> str:
    return ngettext("%(count)d person", "%(count)d people", count) % {"count": count}


def _person(rows: Sequence[ListedSession]) -> SelectedPerson:
    applications = {app.pk: app for row in rows for app in row.session.applications.all()}
    return SelectedPerson(
        name=rows[0].name,
        sessions=len(rows),
        applications=names_of(applications.values()) or _("No known application"),
        tails=tuple((row.session.sid or "")[-3:] for row in rows),
        is_privileged=rows[0].is_privileged,
    )


def _why_not(row: ListedSession) -> str:
    if row.is_own:
        return _("your own; you end them on the page “My sessions”")
    if not row.session.is_open:
        return _("over already")
    if not row.session.sid:
        return _("the issuer gives no session id, so it ends only with all of the person’s access")
    if row.is_privileged:
        return _("an Admin or in Security; only Security ends their sessions")
    return _("your role does not end sessions of this person")


def read_ids(texts: Iterable[str]) -> list[UUID]:
    """Those that are ids; a check box has no others."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
