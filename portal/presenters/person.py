"""The page of one person: header, facts, tabs, and what lies under each tab, for one reader."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access import may, may_for, people_for, revocations_for
from portal.presenters.access import Access, access_of
from portal.presenters.attempts import AttemptRow, attempts_for
from portal.presenters.factorless import factorless_issuers_of
from portal.presenters.leavings import LeavingNote, note_on
from portal.presenters.reasons import ask, holders_of
from portal.presenters.revocations import RevocationRow, rows_of
from portal.presenters.sessions import Origin, SessionRow, origin_for, session_row
from portal.presenters.standing import (
    Standing,
    StandingWords,
    latest_revocations,
    standing_of,
    standing_words,
)
from portal.presenters.timeline import Timeline, timeline_of
from portal.presenters.words import clean, first_name_of, is_today, last_day_words, name_of
from portal.proofs import doubtful_factors
from portal.roles import May, roles_with
from sessions_app.changes.suspicion import is_second_factor_demanded
from sessions_app.models import Attempt, Issuer, Revocation, Role, Session, User
from sessions_app.models.issuers import StartedFrom

SHOWN_AT_MOST = 200


class Tab(StrEnum):
    SESSIONS = "sessions"
    ACCESS = "access"
    TIMELINE = "timeline"
    REVOCATIONS = "revocations"


TABS: dict[Tab, tuple[Promise, May]] = {
    Tab.SESSIONS: (gettext_lazy("Live sessions"), May.SEE_SESSIONS),
    Tab.ACCESS: (gettext_lazy("Access"), May.SEE_PEOPLE),
    Tab.TIMELINE: (gettext_lazy("Timeline"), May.SEE_AUDIT),
    Tab.REVOCATIONS: (gettext_lazy("Revocations"), May.SEE_REVOCATIONS),
}


class TabLink(NamedTuple):
    """A tab, in the order components/tabs.html unpacks it."""

    words: str
    address: str
    live: int | None
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why this reader cannot do something to this person, and whom to ask."""

    sentence: str
    ask: str = ""


class PersonPage:
    """Everything the templates under people/person.html ask for; each part is worked out when it is asked."""

    def __init__(self, person: User, reader: User, *, tab: str = "", ended: Revocation | None = None) -> None:
        self.person = person
        self.reader = reader
        self.ended = ended
        allowed = self.allowed_tabs
        self.tab = next((each for each in allowed if each.value == tab), allowed[0])

    # --- Header and facts ---

    @property
    def url(self) -> str:
        return reverse("person", args=[self.person.pk])

    @property
    def name(self) -> str:
        return name_of(self.person)

    @property
    def first_name(self) -> str:
        return first_name_of(self.person)

    @property
    def job_title(self) -> str:
        return clean(self.person.job_title)

    @property
    def last_day(self) -> str:
        return last_day_words(self.person.last_day)

    @property
    def leaves_today(self) -> bool:
        return is_today(self.person.last_day)

    @property
    def is_at_sessions(self) -> bool:
        return self.tab is Tab.SESSIONS

    @property
    def is_reader(self) -> bool:
        return self.person.pk == self.reader.pk

    @cached_property
    def latest(self) -> Revocation | None:
        """The newest revocation of the whole person, whoever may read it."""
        return latest_revocations([self.person]).get(self.person.pk)

    @cached_property
    def live(self) -> int | None:
        return Session.objects.of(self.person).open().count() if self.shows_sessions else None

    @cached_property
    def standing(self) -> StandingWords:
        standing = standing_of(self.person, live=self.live, latest=self.latest)
        return standing_words(standing, self.latest)

    @property
    def is_blocked(self) -> bool:
        return not self.person.is_active

    @cached_property
    def receipt_url(self) -> str:
        """The receipt of the latest revocation, if the reader may open it and it still says where they stand."""
        told = self.standing.standing in {Standing.CUT_OFF, Standing.NOT_YET, Standing.BLOCKED}
        if (
            not told
            or self.latest is None
            or not revocations_for(self.reader).filter(pk=self.latest.pk).exists()
        ):
            return ""
        return reverse("receipt", args=[self.latest.receipt])

    @cached_property
    def manager(self) -> User | None:
        """The manager, if the reader may see them."""
        if self.person.manager_id is None:
            return None
        return people_for(self.reader, May.SEE_PEOPLE).filter(pk=self.person.manager_id).first()

    @property
    def manager_name(self) -> str:
        return name_of(self.manager) if self.manager else ""

    # --- What the reader may do ---

    @cached_property
    def terminate_refusal(self) -> Refusal | None:
        """Why the person's access cannot be ended by this reader; None where it can."""
        return refusal_to_terminate(self.person, self.reader)

    @property
    def offers_terminate(self) -> bool:
        is_over = self.is_blocked and self.standing.standing is not Standing.BLOCKED and not self.live
        return (
            self.terminate_refusal is None and not is_over and self.standing.standing is not Standing.NOT_YET
        )

    @cached_property
    def leaving(self) -> LeavingNote | None:
        return note_on(self.person, self.reader)

    @property
    def offers_leaving(self) -> bool:
        """To schedule one. What stands is changed where it is shown."""
        is_free = self.leaving is None and not self.person.leavings.scheduled().exists()
        return is_free and self._may_schedule and self.person.is_active

    @property
    def may_change_leaving(self) -> bool:
        return self.leaving is not None and self.leaving.may_change and self._may_schedule

    @cached_property
    def _may_schedule(self) -> bool:
        if self.terminate_refusal is not None or not may(self.reader, May.SCHEDULE_LEAVING):
            return False
        return refusal_of_the_privileged(self.person, self.reader) is None

    @cached_property
    def may_end_sessions(self) -> bool:
        return may_for(self.reader, May.END_SESSIONS, self.person) and self.terminate_refusal is None

    @cached_property
    def may_allow_sign_in(self) -> bool:
        allowed = may_for(self.reader, May.ALLOW_SIGN_IN_AGAIN, self.person)
        return allowed and self.is_blocked and self.terminate_refusal is None

    @property
    def may_take_file(self) -> bool:
        return may_for(self.reader, May.TAKE_FILES, self.person)

    @property
    def may_erase(self) -> bool:
        """Only once access has ended: before that the answer would be no."""
        is_over = self.person.sign_in_blocked_at is not None and self.person.erased_at is None
        return is_over and not self.is_reader and may_for(self.reader, May.ERASE_PEOPLE, self.person)

    @cached_property
    def may_change_role(self) -> bool:
        return refusal_to_change_role(self.person, self.reader) is None

    @cached_property
    def is_proof_demanded(self) -> bool:
        """Whether a second factor is demanded of the person, for readers who see where people stand."""
        return self.shows_sessions and is_second_factor_demanded(self.person)

    @cached_property
    def may_help_prove(self) -> bool:
        allowed = may_for(self.reader, May.ALLOW_SIGN_IN_AGAIN, self.person)
        is_theirs_to_help = not self.is_reader and refusal_of_the_privileged(self.person, self.reader) is None
        return allowed and is_theirs_to_help and self.is_proof_demanded

    @cached_property
    def has_doubtful_factors(self) -> bool:
        return bool(doubtful_factors(self.person))

    @cached_property
    def factorless_issuers(self) -> list[str]:
        return factorless_issuers_of([self.person])

    @property
    def who_may_allow_sign_in(self) -> str:
        roles = roles_with(May.ALLOW_SIGN_IN_AGAIN)
        labels = _(" or ").join(str(role.label) for role in Role if role in roles)
        return _("%(roles)s can allow sign-in again. %(ask)s") % {
            "roles": labels,
            "ask": ask(holders_of(roles)),
        }

    # --- Tabs ---

    @cached_property
    def shows_sessions(self) -> bool:
        return may_for(self.reader, May.SEE_SESSIONS, self.person)

    @cached_property
    def allowed_tabs(self) -> list[Tab]:
        return [tab for tab, (_words, right) in TABS.items() if self._is_allowed(tab, right)]

    def _is_allowed(self, tab: Tab, right: May) -> bool:
        return self.shows_sessions if tab is Tab.SESSIONS else may(self.reader, right)

    @property
    def tabs(self) -> list[TabLink]:
        return [
            TabLink(
                words=str(TABS[tab][0]),
                address=f"{self.url}?tab={tab.value}",
                live=self.live if tab is Tab.SESSIONS else None,
                is_current=tab is self.tab,
            )
            for tab in self.allowed_tabs
        ]

    # --- Live sessions ---

    @cached_property
    def origin(self) -> Origin:
        return origin_for(self.reader, self.person)

    @property
    def shows_origin(self) -> bool:
        return self.origin is Origin.EVERYTHING

    @property
    def shows_address(self) -> bool:
        return self.origin is not Origin.NOTHING

    @cached_property
    def sessions(self) -> list[SessionRow]:
        found = Session.objects.of(self.person).open().prefetch_related("applications")[:SHOWN_AT_MOST]
        return [session_row(session, origin=self.origin) for session in found]

    @cached_property
    def form_key(self) -> str:
        """The beginning of every row's order key: a page drawn anew is a new intention."""
        return secrets.token_hex(8)

    @property
    def some_cannot_end_alone(self) -> bool:
        return any(not row.ends_alone for row in self.sessions)

    @cached_property
    def weak_issuers(self) -> list[str]:
        """Issuers that say when a token was made, not when the person signed in."""
        return weak_issuers_of(self.person)

    @cached_property
    def attempts(self) -> list[AttemptRow]:
        """Uses of what had been ended, wherever a guard reports to us."""
        return attempts_for(Attempt.objects.filter(user=self.person), self.reader)

    # --- The other tabs ---

    @cached_property
    def access(self) -> Access:
        return access_of(self.person, self.reader)

    @cached_property
    def timeline(self) -> Timeline:
        return timeline_of(self.person, self.reader)

    @cached_property
    def revocations(self) -> list[RevocationRow]:
        return rows_of(revocations_for(self.reader).of(self.person)[:SHOWN_AT_MOST], self.reader)


def weak_issuers_of(person: User) -> list[str]:
    realms = person.identities.values("realm")
    issuers = Issuer.objects.filter(realm__in=realms, started_from=StartedFrom.IAT).order_by("name")
    return [clean(issuer.name) for issuer in issuers]


def refusal_to_change_role(person: User, reader: User) -> Refusal | None:
    """Why this reader cannot change what the person may do; None where they can."""
    if person.pk == reader.pk:
        return Refusal(sentence=_("Nobody changes what they may do themselves."))
    if not may_for(reader, May.CHANGE_MEMBERSHIPS, person):
        return Refusal(sentence=_("Your role does not change what people may do."))
    return refusal_of_the_privileged(person, reader)


def refusal_to_terminate(person: User, reader: User) -> Refusal | None:
    """The rules of the engine that can be known before anybody chose a reason; it checks them again."""
    if person.pk == reader.pk:
        return Refusal(
            sentence=_("Nobody ends their own access. You can end your own sessions on your own page.")
        )
    if not may_for(reader, May.TERMINATE_PEOPLE, person):
        return Refusal(sentence=_("Your role does not end anybody's access."))
    return None


def refusal_of_the_privileged(person: User, reader: User) -> Refusal | None:
    """Why this reader does nothing about somebody privileged, where no second person can be asked for it."""
    if person.is_privileged and Role.SECURITY not in reader.roles_over(person):
        sentence = _("%s is an Admin or in Security. Only Security can end their access.") % first_name_of(
            person
        )
        return Refusal(sentence=sentence, ask=ask(holders_of({Role.SECURITY})))
    return None
