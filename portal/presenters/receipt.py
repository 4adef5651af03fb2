"""The receipt of one revocation: two clocks, what was proved, what is still open, for one reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.initiators import Door
from portal import times
from portal.access import approvals_for, may, people_for
from portal.presenters.attempts import AttemptRow, attempts_for
from portal.presenters.audit_personal import reads_note
from portal.presenters.concerned import Concerned, concerned_by
from portal.presenters.deaths import names_of
from portal.presenters.factorless import factorless_issuers_of
from portal.presenters.leavings import note_of, who_scheduled
from portal.presenters.outside_tasks import OutsideTasks, outside_tasks_of
from portal.presenters.progress import ProgressLine, progress_of
from portal.presenters.role_change import RoleFacts, role_facts
from portal.presenters.sessions import Origin, origin_for
from portal.presenters.words import clean, initiator_words, moment_words, name_of, sessions_words
from portal.roles import May
from sessions_app.changes.explanations import TOLD
from sessions_app.models import (
    Application,
    Approval,
    ApprovalState,
    Attempt,
    EndedSession,
    EnforcementPoint,
    Leaving,
    LeavingState,
    Revocation,
    RevocationScope,
    RoleChange,
    User,
)
from sessions_app.models.enforcement_points import UnknownPolicy
from sessions_app.models.moments import from_milliseconds
from sessions_app.models.revocations import RevocationState
from sessions_app.revocation.entries import allowance_in
from sessions_app.revocation.health import clock_age_seconds

CLOCK_IS_LATE_SECONDS = 10
SHOWN_AT_MOST = 200


@dataclass(frozen=True, kw_only=True)
class EndedRow:
    """One session that was open when the decision fell."""

    name: str
    applications: str
    sid: str
    began_at: datetime
    last_used_at: datetime
    lives_until: datetime | None


class Receipt:
    """What the templates under revocations/receipt.html ask for; of many people see `receipt_many`."""

    is_of_many = False

    def __init__(self, revocation: Revocation, reader: User) -> None:
        self.revocation = revocation
        self.reader = reader

    # --- Title ---

    @property
    def number(self) -> str:
        return self.revocation.receipt

    @property
    def url(self) -> str:
        return reverse("receipt", args=[self.number])

    @cached_property
    def concerned(self) -> Concerned:
        return concerned_by(self.revocation, self.reader)

    @property
    def person(self) -> User | None:
        """The one person it is about; None where there are several."""
        return self.concerned.only_one

    @property
    def name(self) -> str:
        return self.concerned.words

    @cached_property
    def person_url(self) -> str:
        """The page of the one person, if the reader reaches them."""
        return dict(self.people).get(self.name, "") if self.person else ""

    @cached_property
    def people(self) -> list[tuple[str, str]]:
        """Everybody who is reached, with the address of their page where there is one for this reader."""
        ids = [user.pk for user in self.concerned.reached]
        open_to_reader = set(
            people_for(self.reader, May.SEE_PEOPLE).filter(pk__in=ids).values_list("pk", flat=True)
        )
        return [
            (name_of(user), reverse("person", args=[user.pk]) if user.pk in open_to_reader else "")
            for user in self.concerned.reached
        ]

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        where = (
            (self.name, self.person_url) if self.person_url else (_("Revocations"), reverse("revocations"))
        )
        root = [(_("People"), reverse("people"))] if self.person_url else []
        return [*root, where, (_("Receipt"), "")]

    @property
    def title(self) -> str:
        if self.is_pending:
            return _("Decided, not yet cut off")
        sentences = {
            RevocationScope.USER: _("%s is cut off"),
            RevocationScope.SESSION: _("A session of %s is cut off"),
            RevocationScope.SESSIONS: _("Selected sessions of %s are cut off"),
            RevocationScope.TOKEN: _("A token of %s is cut off"),
            RevocationScope.USER_AT_APPLICATION: _("Sessions of %s at one application are cut off"),
        }
        return sentences[RevocationScope(self.revocation.scope)] % self.name

    @property
    def by(self) -> str:
        return initiator_words(self.revocation)

    @property
    def reason(self) -> str:
        return str(self.revocation.get_reason_display())

    @property
    def is_pending(self) -> bool:
        return self.revocation.cut_off_at is None

    @property
    def is_stuck(self) -> bool:
        return self.revocation.state is RevocationState.STUCK

    @cached_property
    def may_try(self) -> bool:
        """One of the people is enough: trying again ends nothing that was not decided."""
        if not self.is_pending or not may(self.reader, May.TERMINATE_PEOPLE):
            return False
        return people_for(self.reader, May.TERMINATE_PEOPLE).filter(self._is_concerned).exists()

    @property
    def _is_concerned(self) -> Q:
        return Q(revocation_targets__revocation=self.revocation)

    # --- The first clock ---

    @property
    def cut_off_kind(self) -> str:
        if self.is_pending:
            return "stuck" if self.is_stuck else "not_yet_cut_off"
        return "cut_off"

    @property
    def cut_off_word(self) -> str:
        return _("NOT YET CUT OFF") if self.is_pending else ""

    @property
    def seconds(self) -> float:
        """To the cutoff, or how long it has been waiting for it."""
        seconds = self.revocation.seconds_to_cut_off
        return self.revocation.seconds_waiting if seconds is None else seconds

    @property
    def cut_off_line(self) -> SafeString:
        if self.revocation.cut_off_at is None:
            at = f"{self.revocation.decided_at.astimezone(UTC):%H:%M:%S}"
            return format_html(_("decided and stored at {} UTC"), format_html("<strong>{}</strong>", at))
        at = times.clock_time(self.revocation.cut_off_at)
        return format_html(
            _("since {} UTC, read back through the guard"), format_html("<strong>{}</strong>", at)
        )

    @property
    def ruler_sentence(self) -> str:
        return _("Cut off %s after the click, on a scale from 10 ms to 40 s.") % times.amount(self.seconds)

    @property
    def proof(self) -> SafeString | str:
        """What the guard was really asked; empty where nothing was proved."""
        if self.revocation.cut_off_at is None or not self.revocation.proof_kind:
            return ""
        about = {
            "session": _("session {}"),
            "token": _("token {}"),
            "user": _("a sign-in of this person from the moment of the cutoff{}"),
        }[self.revocation.proof_kind]
        tail = (
            format_html("<code>…{}</code>", self.revocation.proof_tail) if self.revocation.proof_tail else ""
        )
        return format_html(
            _("Guard asked for {about} at {at} UTC: REVOKED."),
            about=format_html(about, tail),
            at=times.clock_time(self.revocation.cut_off_at),
        )

    # --- The second clock ---

    @cached_property
    def outside(self) -> OutsideTasks:
        return outside_tasks_of(self.revocation)

    @cached_property
    def ending_url(self) -> str:
        """Where its tasks stand; only what ended a project has any."""
        return ""

    @property
    def outside_seconds(self) -> float | None:
        return self.outside.seconds_since(self.revocation.received_at)

    @property
    def outside_line(self) -> SafeString | str:
        if not self.outside.total or not self.ending_url:
            return self.outside.sentence
        return format_html(
            '{} <a href="{}#tasks">{}</a>', self.outside.sentence, self.ending_url, _("The tasks")
        )

    # --- While it is not cut off ---

    @property
    def who_works_on_it(self) -> str:
        age = clock_age_seconds()
        if age is None or age > CLOCK_IS_LATE_SECONDS:
            return _(
                "Nobody now: the clock is not running. Somebody with access to the server must start it."
            )
        return _("The clock: it asks every second whether the blacklist answers. Nobody has to click again.")

    @property
    def closed_words(self) -> str:
        """What is closed although the cutoff is not there yet, by the policy of the enforcement points."""
        count = EnforcementPoint.objects.filter(unknown_policy=UnknownPolicy.CLOSED).count()
        refusing = ngettext(
            "%(count)d enforcement point refuses everybody while it cannot ask.",
            "%(count)d enforcement points refuse everybody while they cannot ask.",
            count,
        ) % {"count": count}
        stored = _("No new sign-in, by the database.") if self.revocation.blocks_sign_in else ""
        return f"{refusing} {stored}".strip()

    @property
    def still_open_words(self) -> str:
        """The hole, named plainly."""
        deaf = self._deaf_applications
        asking = _(
            "A service that still reaches the blacklist, while we do not, lets tokens through that are out."
        )
        if not deaf:
            return asking
        return f"{asking} {_('%s never asks us.') % names_of(deaf)}"

    @property
    def _deaf_applications(self) -> list[Application]:
        applications = {app.pk: app for ending in self._endings for app in ending.session.applications.all()}
        return [app for app in applications.values() if not app.can_be_cut]

    # --- System by system ---

    marks: tuple[tuple[str, float], ...] = ()
    """Outside systems on the ruler: none are connected."""

    @cached_property
    def lines(self) -> list[ProgressLine]:
        return progress_of(self.revocation, self._endings)

    # --- What was tried afterwards ---

    @cached_property
    def attempts(self) -> list[AttemptRow]:
        reached = Attempt.objects.filter(receipt=self.number, user__in=self.concerned.reached)
        return attempts_for(reached, self.reader)

    @cached_property
    def shows_address(self) -> bool:
        return any(origin_for(self.reader, person) is not Origin.NOTHING for person in self.concerned.reached)

    # --- What later tokens proved ---

    @cached_property
    def role_change(self) -> RoleChange | None:
        return self.revocation.role_changes.select_related("checked_issuer").first()

    @property
    def role(self) -> RoleFacts | None:
        """What was lost, and whether the new token says so; None where this was no role change."""
        return role_facts(self.role_change)

    @property
    def second_factor_words(self) -> str:
        """Whether the person is back with a second factor; empty where none was demanded."""
        revocation = self.revocation
        if not revocation.second_factor_next:
            return ""
        if revocation.second_factor_waived_at is not None:
            return _("Waived at %s UTC: identified in another way") % moment_words(
                revocation.second_factor_waived_at
            )
        if revocation.second_factor_proved_at is None:
            return " ".join([_("Demanded, not proved yet."), *self._where_not_checkable()])
        issuer = revocation.second_factor_proved_to
        return _("Back with second factor at %(at)s UTC, proved to %(issuer)s") % {
            "at": moment_words(revocation.second_factor_proved_at),
            "issuer": clean(issuer.name) if issuer else "–",
        }

    def _where_not_checkable(self) -> list[str]:
        return [
            _("At %(issuer)s this cannot be checked: its tokens prove no second factor.") % {"issuer": name}
            for name in factorless_issuers_of(self.concerned.reached)
        ]

    # --- Sessions ---

    @cached_property
    def shows_sessions(self) -> bool:
        return bool(self._seen_people)

    @cached_property
    def _seen_people(self) -> set[UUID]:
        """Those whose sessions the reader may see."""
        if not may(self.reader, May.SEE_SESSIONS):
            return set()
        ids = [user.pk for user in self.concerned.reached]
        return set(people_for(self.reader, May.SEE_SESSIONS).filter(pk__in=ids).values_list("pk", flat=True))

    @cached_property
    def _endings(self) -> list[EndedSession]:
        endings = self.revocation.ended_sessions.select_related("session__user").prefetch_related(
            "session__applications"
        )
        return list(endings.order_by("-session__last_used_at", "pk"))

    @property
    def ended(self) -> list[EndedRow]:
        seen = [ending for ending in self._endings if ending.session.user_id in self._seen_people]
        return [_ended_row(ending) for ending in seen[:SHOWN_AT_MOST]]

    # --- Facts ---

    @property
    def ended_words(self) -> str:
        """'7 sessions, 2 more than you saw'."""
        words = sessions_words(self.revocation.sessions_ended)
        more = self.revocation.more_than_seen
        if not more:
            return words
        if self.revocation.initiator_user_id == self.reader.pk:
            return _("%(sessions)s, %(more)d more than you saw") % {"sessions": words, "more": more}
        return _("%(sessions)s, %(more)d more than the form showed") % {"sessions": words, "more": more}

    @property
    def sign_in_words(self) -> str:
        revocation = self.revocation
        if revocation.reinstated_at:
            return _("Was blocked; allowed again %s UTC") % moment_words(revocation.reinstated_at)
        if revocation.blocks_sign_in:
            return _("Blocked until somebody allows it again")
        return _("Stays open")

    @property
    def works_again(self) -> list[tuple[str, str]]:
        """From which whole second a new sign-in counts, per realm whose issuers' clocks we allow for."""
        person = self.person if self.revocation.scope == RevocationScope.USER else None
        if person is None or not person.is_active or self.revocation.reinstated_at:
            return []
        cutoff_ms = self.revocation.targets.get(user=person).cutoff_ms
        realms = {identity.realm_id: identity.realm for identity in person.identities.select_related("realm")}
        allowed = [(realm, allowance_in(realm)) for realm in realms.values()]
        return [(clean(realm.name), _next_second(cutoff_ms + extra)) for realm, extra in allowed if extra]

    @property
    def told_words(self) -> str:
        if self.revocation.told_at:
            return _("The person, %s UTC") % moment_words(self.revocation.told_at)
        if self.revocation.scope == RevocationScope.USER and self.revocation.reason in TOLD:
            return _("The person, at their next sign-in here")
        return _("Nobody")

    @cached_property
    def approval(self) -> Approval | None:
        """What a second person decided; None where one person was enough."""
        return Approval.objects.filter(revocation=self.revocation).select_related("decided_by").first()

    @property
    def second_person_words(self) -> str:
        """'Sam Okoro, 14:02 UTC', or that Security went alone and what the review said. Empty without either."""
        approval = self.approval
        if approval is None or approval.decided_by is None or approval.decided_at is None:
            return ""
        words = _("%(who)s, %(when)s UTC") % {
            "who": name_of(approval.decided_by),
            "when": moment_words(approval.decided_at),
        }
        if approval.state != ApprovalState.BROKEN_GLASS:
            return words
        verdict = approval.get_verdict_display() if approval.reviewed_at else _("to be reviewed")
        return _("Nobody: Security went alone (%(who)s); %(verdict)s") % {"who": words, "verdict": verdict}

    @property
    def approval_url(self) -> str:
        """Where that was decided, if the reader may open it."""
        approval = self.approval
        if approval is None or not approvals_for(self.reader).filter(pk=approval.pk).exists():
            return ""
        return reverse("approval", args=[approval.pk])

    @property
    def door_words(self) -> str:
        words = {
            Door.PAGE: _("A page of Curfew"),
            Door.API: _("The API"),
            Door.SHELL: _("The shell on the server"),
            Door.CLOCK: _("The clock"),
            Door.OAUTH: _("The authorization server"),
        }
        return words.get(Door(self.revocation.door), self.revocation.door)

    @property
    def ticket(self) -> str:
        return clean(self.revocation.ticket)

    @cached_property
    def note(self) -> str:
        """For the initiator's own role and for Security; the trail keeps it for nobody else to read here."""
        return self.revocation.note if self._may_read_note else ""

    @cached_property
    def scheduled(self) -> Leaving | None:
        """The leaving that it carried out, if it was one."""
        done = self.revocation.leavings.filter(state=LeavingState.DONE)
        return done.select_related("initiator_user").first()

    @property
    def scheduled_words(self) -> str:
        """'Hana Weiss, 24 Nov, 09:12 UTC'; empty where nobody had scheduled it."""
        if self.scheduled is None:
            return ""
        who, at = who_scheduled(self.scheduled), moment_words(self.scheduled.asked_at)
        return _("%(who)s, %(at)s UTC") % {"who": who, "at": at}

    @property
    def _may_read_note(self) -> bool:
        if self.scheduled is not None:
            return bool(note_of(self.scheduled, self.reader))
        initiator = self.revocation.initiator_user
        roles = [str(role) for role in initiator.roles] if initiator else []
        return reads_note(self.reader, initiator_id=str(initiator.pk) if initiator else "", roles_then=roles)


def _ended_row(ending: EndedSession) -> EndedRow:
    return EndedRow(
        name=name_of(ending.session.user),
        applications=names_of(ending.session.applications.all()) or _("No known application"),
        sid=ending.session.sid or "",
        began_at=ending.session.began_at,
        last_used_at=ending.session.last_used_at,
        lives_until=ending.lives_until,
    )


def _next_second(cutoff_ms: int) -> str:
    """Tokens give the start of a session in whole seconds, and the cutoff's own second is over."""
    return f"{from_milliseconds((cutoff_ms // 1000 + 1) * 1000):%H:%M:%S} UTC"
