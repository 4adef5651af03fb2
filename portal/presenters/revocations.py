"""The list of revocations: filters, and one row per decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.access import people_for, revocations_for
from portal.presenters.concerned import concerned_by_each, subject_words
from portal.presenters.filters import AddressFilter, Chosen, Offer, offer
from portal.presenters.selection import people_words
from portal.presenters.standing import pending_words
from portal.presenters.words import initiator_words
from portal.roles import May
from sessions_app.models import Revocation, RevocationTarget, User
from sessions_app.models.reasons import Reason
from sessions_app.models.receipts import read_receipt
from sessions_app.models.revocations import OF_MANY_PEOPLE, RevocationState

ROWS = 50
STATES: dict[str, tuple[Promise, Q]] = {
    "not-yet": (gettext_lazy("not yet cut off"), Q(cut_off_at__isnull=True)),
    "cut-off": (gettext_lazy("cut off"), Q(cut_off_at__isnull=False)),
}
SINCE: dict[str, tuple[Promise, timedelta]] = {
    "1d": (gettext_lazy("in the last day"), timedelta(days=1)),
    "7d": (gettext_lazy("in the last 7 days"), timedelta(days=7)),
    "30d": (gettext_lazy("in the last 30 days"), timedelta(days=30)),
}
KINDS = {
    RevocationState.REQUESTED: "waiting",
    RevocationState.STUCK: "stuck",
    RevocationState.CUT_OFF: "cut_off",
    RevocationState.CONFIRMED: "confirmed",
}


@dataclass(frozen=True, kw_only=True)
class RevocationFilter(AddressFilter):
    state: str = ""
    reason: str = ""
    mine: str = ""
    since: str = ""

    def apply(self, revocations: QuerySet[Revocation], reader: User) -> QuerySet[Revocation]:
        if self.state in STATES:
            revocations = revocations.filter(STATES[self.state][1])
        if self.reason in Reason.values:
            revocations = revocations.filter(reason=self.reason)
        if self.since in SINCE:
            revocations = revocations.filter(decided_at__gte=timezone.now() - SINCE[self.since][1])
        if self.mine:
            revocations = revocations.filter(initiator_user=reader)
        if not self.q:
            return revocations
        named = people_for(reader, May.SEE_PEOPLE).matching(self.q)
        projects = Q(project__name__icontains=self.q) | Q(subject__icontains=self.q, scope__in=OF_MANY_PEOPLE)
        about = revocations.filter(
            Q(receipt=read_receipt(self.q)) | Q(targets__user__in=named.values("pk")) | projects
        )
        return about.distinct()


@dataclass(frozen=True, kw_only=True)
class RevocationRow:
    receipt: str
    url: str
    person: str
    scope: str
    reason: str
    by: str
    decided_at: datetime
    sessions_ended: int
    kind: str
    word: str
    is_pending: bool
    seconds: float | None


def rows_of(revocations: Iterable[Revocation], reader: User) -> list[RevocationRow]:
    """A few queries for any number of rows, whatever queryset they come from."""
    if isinstance(revocations, QuerySet):
        revocations = revocations.select_related("initiator_user", "project")
    found = list(revocations)
    few = [each for each in found if not each.is_of_many]
    prefetch_related_objects(few, "targets__user")
    concerned = concerned_by_each(few, reader) if few else {}
    counts = _people_in([each for each in found if each.is_of_many])
    about = {pk: each.words for pk, each in concerned.items()}
    about |= {each.pk: _about_many(each, counts.get(each.pk, 0)) for each in found if each.is_of_many}
    return [_row(revocation, about[revocation.pk]) for revocation in found]


def _people_in(revocations: Sequence[Revocation]) -> dict[UUID, int]:
    """How many people each of them is about, without reading any of them."""
    targets = RevocationTarget.objects.filter(revocation__in=revocations)
    return dict(targets.values("revocation").annotate(count=Count("pk")).values_list("revocation", "count"))


def _about_many(revocation: Revocation, people: int) -> str:
    """'Project Phoenix, 31 people'."""
    subject = subject_words(revocation, people=people)
    counted = people_words(people)
    return subject if subject == counted else f"{subject}, {counted}"


def _row(revocation: Revocation, about: str) -> RevocationRow:
    is_pending = revocation.cut_off_at is None
    return RevocationRow(
        receipt=revocation.receipt,
        url=reverse("receipt", args=[revocation.receipt]),
        person=about,
        scope=str(revocation.get_scope_display()),
        reason=str(revocation.get_reason_display()),
        by=initiator_words(revocation),
        decided_at=revocation.decided_at,
        sessions_ended=revocation.sessions_ended,
        kind=KINDS[revocation.state],
        word=pending_words(revocation) if is_pending else "",
        is_pending=is_pending,
        seconds=revocation.seconds_to_cut_off,
    )


class RevocationsPage:
    """One page of the list for one reader."""

    def __init__(self, reader: User, chosen: RevocationFilter) -> None:
        self.reader = reader
        self.chosen = chosen
        self._all = revocations_for(reader)

    @property
    def exact(self) -> str:
        """The receipt that was searched for, if the reader may open it."""
        typed = read_receipt(self.chosen.q)
        return typed if typed and self._all.filter(receipt=typed).exists() else ""

    @cached_property
    def page(self) -> Page[Revocation]:
        found = self.chosen.apply(self._all, self.reader).order_by("-decided_at", "id")
        related = found.select_related("initiator_user", "project")
        return Paginator(related, ROWS).get_page(self.chosen.page)

    @cached_property
    def rows(self) -> list[RevocationRow]:
        return rows_of(list(self.page.object_list), self.reader)

    @property
    def query(self) -> str:
        return self.chosen.query()

    @cached_property
    def line(self) -> str:
        pending = self._all.filter(cut_off_at__isnull=True).count()
        count = self._all.count()
        decided = ngettext("%(count)s revocation", "%(count)s revocations", count) % {"count": f"{count:,}"}
        return _("%(decided)s, %(pending)d not yet cut off.") % {"decided": decided, "pending": pending}

    @property
    def found_words(self) -> str:
        count = self.page.paginator.count
        return ngettext("%(count)d revocation found", "%(count)d revocations found", count) % {"count": count}

    @property
    def chips_on(self) -> list[Chosen]:
        return list(_chips_on(self.chosen))

    @property
    def offers(self) -> list[Offer]:
        return list(_offers(self.chosen))


def _chips_on(chosen: RevocationFilter) -> Iterator[Chosen]:
    if chosen.state in STATES:
        yield Chosen(key=_("state:"), value=str(STATES[chosen.state][0]), remove_url=chosen.address(state=""))
    if chosen.reason in Reason.values:
        value = str(Reason(chosen.reason).label)
        yield Chosen(key=_("reason:"), value=value, remove_url=chosen.address(reason=""))
    if chosen.since in SINCE:
        value = str(SINCE[chosen.since][0])
        yield Chosen(key=_("decided:"), value=value, remove_url=chosen.address(since=""))
    if chosen.mine:
        yield Chosen(key=_("by:"), value=_("me"), remove_url=chosen.address(mine=""))


def _offers(chosen: RevocationFilter) -> Iterator[Offer]:
    if chosen.state not in STATES:
        yield offer(
            _("State"), chosen, "state", [(value, str(words)) for value, (words, _q) in STATES.items()]
        )
    if chosen.reason not in Reason.values:
        yield offer(_("Reason"), chosen, "reason", [(value, str(words)) for value, words in Reason.choices])
    if chosen.since not in SINCE:
        spans = [(value, str(words)) for value, (words, _span) in SINCE.items()]
        yield offer(_("Decided"), chosen, "since", spans)
    if not chosen.mine:
        yield offer(_("By"), chosen, "mine", [("yes", _("me"))])
