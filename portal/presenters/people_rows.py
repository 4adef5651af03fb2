"""One row of the list of people: where they stand, and the one thing to do about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access import leavings_known_to, may, people_for, revocations_for, sessions_for
from portal.presenters.leavings import short_words
from portal.presenters.standing import (
    Standing,
    StandingWords,
    latest_revocations,
    standing_of,
    standing_words,
)
from portal.presenters.words import clean, is_today, last_day_words, name_of
from portal.roles import May
from sessions_app.models import Leaving, Revocation, Role, RoleGrant, User
from sessions_app.models.roles import PRIVILEGED


@dataclass(frozen=True, kw_only=True)
class Action:
    """The one button of a row. `opens_dialog` puts the answer into the page's dialog."""

    words: str
    url: str
    opens_dialog: bool = False


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    url: str
    name: str
    email: str
    department: str
    standing: StandingWords
    live: int | None
    last_used_at: datetime | None
    last_day: str
    leaves_today: bool
    leaves: str
    is_stuck: bool
    action: Action | None
    is_reader: bool
    tick: str
    """The id to send where somebody may select this person; empty where not."""

    @property
    def is_pending(self) -> bool:
        return self.standing.standing is Standing.NOT_YET

    @property
    def is_ended(self) -> bool:
        return self.standing.standing is Standing.CUT_OFF


@dataclass(frozen=True, kw_only=True)
class _Use:
    """What one page's people have open, and when they last used anything."""

    live: int = 0
    last_used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Known:
    """Everything the rows of one page need, fetched once for all of them."""

    reader: User
    shown: frozenset[UUID]
    uses: dict[UUID, _Use]
    latest: dict[UUID, Revocation]
    readable: frozenset[UUID]
    endable: frozenset[UUID]
    among_others: frozenset[UUID]
    leavings: dict[UUID, Leaving]

    def live(self, person: User) -> int | None:
        return self.uses.get(person.pk, _Use()).live if person.pk in self.shown else None


def _known_about(people: Sequence[User], reader: User) -> _Known:
    latest = latest_revocations(people)
    receipts = revocations_for(reader).filter(pk__in=[revocation.pk for revocation in latest.values()])
    return _Known(
        reader=reader,
        shown=_reached(people, reader, May.SEE_SESSIONS),
        uses=_uses_of(people, reader),
        latest=latest,
        readable=frozenset(receipts.values_list("pk", flat=True)),
        endable=_reached(people, reader, May.TERMINATE_PEOPLE),
        among_others=_endable_among_others(people, reader),
        leavings={
            each.user_id: each for each in leavings_known_to(reader).scheduled().filter(user__in=people)
        },
    )


def _reached(people: Sequence[User], reader: User, what: May) -> frozenset[UUID]:
    if not may(reader, what):
        return frozenset()
    return frozenset(
        people_for(reader, what).filter(pk__in=[each.pk for each in people]).values_list("pk", flat=True)
    )


def _endable_among_others(people: Sequence[User], reader: User) -> frozenset[UUID]:
    """Whom the reader may tick: only an order of Security about many reaches Admins and Security itself."""
    endable = _reached(people, reader, May.TERMINATE_PEOPLE) - {reader.pk}
    if Role.SECURITY in reader.roles:
        return endable
    grants = RoleGrant.objects.active().filter(user__in=people, role__in=PRIVILEGED)
    return endable - frozenset(grants.values_list("user_id", flat=True))


def _uses_of(people: Collection[User], reader: User) -> dict[UUID, _Use]:
    if not may(reader, May.SEE_SESSIONS):
        return {}
    is_open = Q(ended_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))
    sessions = sessions_for(reader, May.SEE_SESSIONS).filter(user__in=people).order_by()
    counted = sessions.values("user").annotate(live=Count("pk", filter=is_open), used=Max("last_used_at"))
    return {each["user"]: _Use(live=each["live"], last_used_at=each["used"]) for each in counted}


def _row(person: User, known: _Known) -> PersonRow:
    latest = known.latest.get(person.pk)
    live = known.live(person)
    standing = standing_of(person, live=live, latest=latest)
    leaving = known.leavings.get(person.pk)
    return PersonRow(
        url=reverse("person", args=[person.pk]),
        name=name_of(person),
        email=clean(person.email),
        department=clean(person.department),
        standing=standing_words(standing, latest),
        live=live,
        last_used_at=known.uses.get(person.pk, _Use()).last_used_at,
        last_day=last_day_words(person.last_day),
        leaves_today=is_today(person.last_day),
        leaves=short_words(leaving) if leaving else "",
        is_stuck=leaving is not None and leaving.is_stuck,
        action=_action(person, standing, latest, known),
        is_reader=person.pk == known.reader.pk,
        tick=str(person.pk) if person.pk in known.among_others else "",
    )


def _action(person: User, standing: Standing, latest: Revocation | None, known: _Known) -> Action | None:
    if person.pk == known.reader.pk:
        return Action(words=_("My sessions"), url="/me/")
    if standing in {Standing.NOT_YET, Standing.CUT_OFF} and latest is not None:
        if latest.pk not in known.readable:
            return None
        return Action(words=_("Open receipt"), url=reverse("receipt", args=[latest.receipt]))
    if person.pk not in known.endable:
        return None
    return Action(words=_("Terminate now"), url=reverse("terminate", args=[person.pk]), opens_dialog=True)


def rows_of(people: Sequence[User], reader: User) -> list[PersonRow]:
    """The rows of one page, with a fixed number of queries however many people it has."""
    known = _known_about(people, reader)
    return [_row(person, known) for person in people]
