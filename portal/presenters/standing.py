"""Where somebody stands: signed in, nothing open, decided but not cut off, cut off."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import times
from sessions_app.models import Revocation, RevocationTarget, Session, User
from sessions_app.models.revocations import RevocationState
from sessions_app.models.users import UserQuerySet


class Standing(StrEnum):
    """The value is what the address of a filtered list says."""

    SIGNED_IN = "signed-in"
    NOTHING_OPEN = "nothing-open"
    CUT_OFF = "cut-off"
    NOT_YET = "not-yet"
    BLOCKED = "blocked"
    UNTOLD = "untold"


FILTERS: dict[Standing, Promise] = {
    Standing.SIGNED_IN: gettext_lazy("signed in"),
    Standing.NOTHING_OPEN: gettext_lazy("nothing open"),
    Standing.CUT_OFF: gettext_lazy("cut off"),
    Standing.NOT_YET: gettext_lazy("not yet cut off"),
}
SAID_BY_SESSIONS = frozenset({Standing.SIGNED_IN, Standing.NOTHING_OPEN})


@dataclass(frozen=True, kw_only=True)
class StandingWords:
    """How it is drawn: a key of `portal.states` and its word. `kind` is empty where nothing may be said."""

    standing: Standing
    kind: str
    word: str


def standing_of(person: User, *, live: int | None, latest: Revocation | None) -> Standing:
    """`live` counts open sessions, None where the reader may not know; `latest` is of the whole person.

    A cutoff stays the word for somebody only until they are signed in again or may sign in again.
    """
    if latest is not None and latest.cut_off_at is None:
        return Standing.NOT_YET
    stands = latest is not None and latest.reinstated_at is None
    if stands and (not person.is_active or live == 0):
        return Standing.CUT_OFF
    if not person.is_active:
        return Standing.BLOCKED
    if live is None:
        return Standing.UNTOLD
    return Standing.SIGNED_IN if live else Standing.NOTHING_OPEN


def standing_words(standing: Standing, latest: Revocation | None) -> StandingWords:
    match standing:
        case Standing.NOT_YET:
            return StandingWords(standing=standing, kind=_pending_kind(latest), word=pending_words(latest))
        case Standing.CUT_OFF:
            return StandingWords(standing=standing, kind="cut_off", word=_("Cut off"))
        case Standing.BLOCKED:
            return StandingWords(standing=standing, kind="blocked", word=_("Sign-in blocked"))
        case Standing.SIGNED_IN:
            return StandingWords(standing=standing, kind="signed_in", word=_("Signed in"))
        case Standing.NOTHING_OPEN:
            return StandingWords(standing=standing, kind="signed_out", word=_("Nothing open"))
    return StandingWords(standing=standing, kind="", word="")


def _pending_kind(revocation: Revocation | None) -> str:
    stuck = revocation is not None and revocation.state is RevocationState.STUCK
    return "stuck" if stuck else "waiting"


def pending_words(revocation: Revocation | None) -> str:
    """'Not yet cut off, 12 s'."""
    if revocation is None:
        return _("Not yet cut off")
    return _("Not yet cut off, %s") % times.floored_amount(revocation.seconds_waiting)


def latest_revocations(people: Collection[User]) -> dict[UUID, Revocation]:
    """The newest revocation of the whole person for each of these people, in one query."""
    targets = RevocationTarget.objects.filter(user__in=people, left_out="").of_whole_people()
    in_order = targets.select_related("revocation").order_by("revocation__decided_at")
    return {target.user_id: target.revocation.seen_for(target) for target in in_order}


def standing_at(people: UserQuerySet, standing: Standing) -> UserQuerySet:
    """Only the people of whom `standing_of` says this; the same rules, asked of the database."""
    theirs = RevocationTarget.objects.filter(user=OuterRef("pk"), left_out="").of_whole_people()
    latest = theirs.order_by("-revocation__decided_at")
    told = people.alias(
        latest_decided=Subquery(latest.values("revocation__decided_at")[:1]),
        latest_cut_off=Subquery(latest.values("revocation__cut_off_at")[:1]),
        latest_reinstated=Subquery(latest.values("reinstated_at")[:1]),
        is_signed_in=Exists(Session.objects.open().filter(user=OuterRef("pk"))),
    )
    is_blocked = Q(sign_in_blocked_at__isnull=False) | Q(erased_at__isnull=False)
    stands = Q(latest_cut_off__isnull=False, latest_reinstated__isnull=True)
    return told.alias(
        standing=Case(
            When(
                latest_decided__isnull=False, latest_cut_off__isnull=True, then=Value(Standing.NOT_YET.value)
            ),
            When(stands & (is_blocked | Q(is_signed_in=False)), then=Value(Standing.CUT_OFF.value)),
            When(is_blocked, then=Value(Standing.BLOCKED.value)),
            When(is_signed_in=True, then=Value(Standing.SIGNED_IN.value)),
            default=Value(Standing.NOTHING_OPEN.value),
        )
    ).filter(standing=standing.value)
