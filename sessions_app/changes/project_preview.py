"""What ending a project would reach, counted before it is asked for, and what of it has changed since."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.initiators import Initiator
from sessions_app.changes.blast_radius import Reach, privileged_among
from sessions_app.models import Project, ResourceKind, Session, Token, TokenKind, User, UserKind
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation import leaving
from sessions_app.revocation.many_decided import loses_sign_in
from sessions_app.revocation.orders import OneProject, Order
from sessions_app.revocation.populations import people_of


@dataclass(frozen=True, kw_only=True)
class ProjectPreview:
    """Ids and numbers only, because it is kept. People are keys of users, in order.

    `keeps` maps people to the running projects that go on for them, `left_out` those whose sessions stay to the code
    of the reason, `resources` systems to how many steps there are in each.
    """

    people: tuple[UUID, ...]
    sessions: int
    families: int
    keeps: dict[UUID, list[str]]
    blocked: tuple[UUID, ...]
    left_out: dict[UUID, str]
    services: tuple[UUID, ...]
    resources: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """As it is kept; the same for the same facts."""
        return {
            "people": [str(key) for key in self.people],
            "sessions": self.sessions,
            "families": self.families,
            "keeps": {str(key): projects for key, projects in sorted(self.keeps.items())},
            "blocked": sorted(map(str, self.blocked)),
            "left_out": {str(key): code for key, code in sorted(self.left_out.items())},
            "services": sorted(map(str, self.services)),
            "resources": dict(sorted(self.resources.items())),
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of it, 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


def preview_of(project: Project, *, by: Initiator) -> ProjectPreview:
    """What would happen if this initiator ended the project now."""
    people = list(people_of(OneProject(key=project.key)))
    order = Order(
        initiator=by,
        reason=Reason.PROJECT_END,
        scope=OneProject(key=project.key),
        received_at=database_now(),
    )
    blocked, left_out = loses_sign_in(order, people, project)
    ending = [user for user in people if user.pk not in left_out]
    sessions = Session.objects.filter(user__in=ending).open()
    return ProjectPreview(
        people=tuple(user.pk for user in people),
        sessions=sessions.count(),
        families=_families(ending),
        keeps=leaving.other_projects(people, project),
        blocked=tuple(sorted(blocked)),
        left_out=left_out,
        services=tuple(user.pk for user in ending if user.kind == UserKind.SERVICE),
        resources=_steps_by_system(project, len(people)),
    )


def reach_of(preview: ProjectPreview) -> Reach:
    """How far ending it would go, for the rule about who decides alone."""
    return Reach(
        people=len(preview.people), sessions=preview.sessions, privileged=privileged_among(preview.people)
    )


def _families(people: list[User]) -> int:
    """Sessions that a refresh token keeps alive: each is one family."""
    alive = Session.objects.filter(user__in=people).open()
    refreshed = Token.objects.filter(session__in=alive, kind=TokenKind.REFRESH, revoked_at=None)
    return refreshed.values("session").distinct().count()


def _steps_by_system(project: Project, people: int) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for resource in project.resources.all():
        kind = ResourceKind(resource.kind)
        counted[kind.system] += people if kind.is_per_person else 1
    return dict(counted)


def news_since(seen: dict[str, Any], now: ProjectPreview) -> dict[str, Any]:
    """What is different from what was shown: who came and went, and other numbers. Empty where nothing is."""
    fresh = now.as_json()
    came = sorted(set(fresh["people"]) - set(seen.get("people", [])))
    went = sorted(set(seen.get("people", [])) - set(fresh["people"]))
    news: dict[str, Any] = {}
    if came:
        news["came"] = came
    if went:
        news["went"] = went
    for name in ("sessions", "families", "resources", "blocked", "left_out", "keeps", "services"):
        if name in seen and fresh[name] != seen[name]:
            news[name] = {"seen": seen[name], "found": fresh[name]}
    return news


def numbers_of(seen: dict[str, Any]) -> dict[str, Any]:
    """A preview that was kept, as numbers; empty where none was shown."""
    counted: dict[str, Any] = {
        name: len(seen[name])
        for name in ("people", "keeps", "blocked", "left_out", "services")
        if name in seen
    }
    return {**counted, **{name: seen[name] for name in ("sessions", "families", "resources") if name in seen}}
