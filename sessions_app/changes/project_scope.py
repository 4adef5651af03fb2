"""What of an ended project is alive or back: its contractors, their sessions, its groups, and what was left to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.verdict import Outcome, Subject
from sessions_app.models import (
    BlacklistEntry,
    EntryKind,
    Identity,
    Membership,
    ProjectEnding,
    RevocationTarget,
    Session,
    Step,
    StepKind,
    User,
)
from sessions_app.models.moments import database_now, from_milliseconds, to_milliseconds
from sessions_app.revocation import entries
from sessions_app.revocation.connections import session_guard
from sessions_app.revocation.leaving import groups_left
from sessions_app.revocation.publishing import RUNS_OUT_WITHIN_MS

SESSIONS_NAMED: Final = 20


class NoAnswer(BlacklistUnavailable):
    """The guard could not say, so neither can the check."""


@dataclass(kw_only=True)
class LotFindings:
    """What was found of some people. People and sessions are named by their keys.

    `run_out` counts identities whose entry is gone because no token of before the cutoff can be alive any more.
    """

    people: int = 0
    asked: int = 0
    run_out: int = 0
    alive: dict[str, list[str]] = field(default_factory=dict)
    returned: dict[str, list[str]] = field(default_factory=dict)
    not_refused: list[str] = field(default_factory=list)
    claims_accepted: list[str] = field(default_factory=list)

    def added_to(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Together with what earlier lots found."""
        return {
            "people": found.get("people", 0) + self.people,
            "asked": found.get("asked", 0) + self.asked,
            "run_out": found.get("run_out", 0) + self.run_out,
            "alive": {**found.get("alive", {}), **self.alive},
            "returned": {**found.get("returned", {}), **self.returned},
            "not_refused": [*found.get("not_refused", []), *self.not_refused],
            "claims_accepted": [*found.get("claims_accepted", []), *self.claims_accepted],
        }


def look_at_people(targets: Sequence[RevocationTarget]) -> LotFindings:
    """Of one decision, some of its people: asks the guard about each. Raises NoAnswer where it cannot say."""
    look = _Look(targets)
    for target in targets:
        look.at(target)
    return look.found


def look_at_the_rest(ending: ProjectEnding) -> dict[str, Any]:
    """What is not about one of its people: who came into its groups since, and the tasks nobody did."""
    now = database_now()
    theirs = RevocationTarget.objects.filter(revocation=ending.revocation_id).values("user")
    members = User.objects.filter(memberships__group__in=groups_left(ending.project)).exclude(pk__in=theirs)
    tasks = Step.objects.filter(revocation=ending.revocation_id).order_by("due_at", "id")
    return {
        "newcomers": [str(key) for key in members.order_by("pk").values_list("pk", flat=True).distinct()],
        "tasks_open": tasks.open().count(),
        "tasks_overdue": [str(key) for key in tasks.overdue(now).values_list("pk", flat=True)],
    }


class _Look:
    """One look at some people: what is asked for all of them at once, and the guard for each."""

    def __init__(self, targets: Sequence[RevocationTarget]) -> None:
        self.found = LotFindings()
        self._now_ms = to_milliseconds(database_now())
        self._guard = session_guard()
        people = [target.user_id for target in targets]
        self._identities = _by_user(Identity.objects.filter(user__in=people).select_related("realm"))
        self._standing = {
            (entry.realm_id, entry.person_id): entry
            for entry in BlacklistEntry.objects.filter(user__in=people, kind=EntryKind.USER)
        }
        open_ones = Session.objects.filter(user__in=people, ended_by=None).open()
        self._sessions = _by_user(open_ones.select_related("identity__realm").order_by("began_at", "pk"))
        self._groups_left = _groups_left_by(targets)
        self._groups_now = _groups_of(people)

    def at(self, target: RevocationTarget) -> None:
        self.found.people += 1
        who, left = str(target.user_id), self._groups_left.get(target.user_id, ())
        returned = sorted(set(left) & self._groups_now[target.user_id])
        if returned:
            self.found.returned[who] = returned
        elif left and self._accepts_claims(target, left):
            self.found.claims_accepted.append(who)
        if target.left_out:  # their sessions were not ended, which the report says; their groups were
            return
        if self._lets_in(target):
            self.found.not_refused.append(who)
        alive = [
            str(session.pk) for session in self._sessions[target.user_id] if self._is_alive(session, target)
        ]
        if alive:
            self.found.alive[who] = alive[:SESSIONS_NAMED]

    def _lets_in(self, target: RevocationTarget) -> bool:
        """Whether anybody who signed in at the cutoff itself would be let in as this person."""
        asked = [each for each in self._identities[target.user_id] if self._must_stand(each, target)]
        self.found.run_out += len(self._identities[target.user_id]) - len(asked)
        return any(not self._refuses(_at(each, target.cutoff_ms)) for each in asked)

    def _accepts_claims(self, target: RevocationTarget, groups: Collection[str]) -> bool:
        """Whether a token of today that still names one of these groups would be let in."""
        return any(
            not self._refuses(_at(each, self._now_ms)._replace(entitlements=tuple(groups)))
            for each in self._identities[target.user_id]
            if self._must_stand(each, target)
        )

    def _is_alive(self, session: Session, target: RevocationTarget) -> bool:
        """Open by its row, begun before the cutoff, and not refused by the guard.

        Where the entry has run out no token of that time can be alive, unless the session was used since.
        """
        cutoff = from_milliseconds(target.cutoff_ms)
        can_be = session.last_used_at > cutoff or self._must_stand(session.identity, target)
        if session.began_at > cutoff or not can_be:
            return False
        began_ms = to_milliseconds(session.began_at)
        return not self._refuses(_at(session.identity, began_ms)._replace(sid=session.sid))

    def _must_stand(self, identity: Identity, target: RevocationTarget) -> bool:
        """Whether the entry must be there still; where no old token can be alive it has run out as it should."""
        entry = self._standing.get((identity.realm_id, identity.person_id))
        until = entry.expires_at_ms if entry else target.cutoff_ms + entries.life_in(identity.realm)
        return until > self._now_ms + RUNS_OUT_WITHIN_MS

    def _refuses(self, subject: Subject) -> bool:
        self.found.asked += 1
        verdict = self._guard.check_subject(subject)
        if verdict.outcome is Outcome.UNKNOWN:
            raise NoAnswer(f"the guard answered {verdict.cause}")
        return verdict.outcome is Outcome.REVOKED


def _at(identity: Identity, started_ms: int) -> Subject:
    """Somebody who signed in then as this identity, with every factor there is."""
    return Subject(identity.realm.key, identity.person_id, None, None, started_ms, second_factor=True)


def _by_user(rows: Any) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.user_id].append(row)
    return found


def _groups_left_by(targets: Sequence[RevocationTarget]) -> dict[UUID, list[str]]:
    """Which groups the decision took from each: its own steps say so."""
    people = [target.user_id for target in targets]
    steps = Step.objects.filter(
        revocation=targets[0].revocation_id, kind=StepKind.LEAVE_GROUPS, user__in=people
    )
    return {step.user_id: step.what["groups"] for step in steps if step.user_id}


def _groups_of(people: Collection[UUID]) -> defaultdict[UUID, set[str]]:
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    rows = Membership.objects.filter(user__in=people).values_list("user_id", "group__name")
    for user_id, name in rows:
        found[user_id].add(name)
    return found
