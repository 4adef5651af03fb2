"""What somebody has typed and seen so far while ending a project, kept with their sign-in between the steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from django.contrib.sessions.backends.base import SessionBase

from audit.initiators import Initiator
from sessions_app.changes.blast_radius import why_not_alone
from sessions_app.changes.project_preview import preview_of, reach_of
from sessions_app.models import Project
from sessions_app.models.moments import database_now


@dataclass(kw_only=True)
class Draft:
    """`seen` is the preview as it was shown, under its fingerprint; `when` and `why` are the forms as they were typed.

    It lies on the server and goes with the sign-in, so nobody else can put anything into it.
    """

    seen: dict[str, Any]
    fingerprint: str
    seen_at: str
    privileged: int
    second_person: list[str]
    when: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fresh(cls, project: Project, *, by: Initiator) -> Self:
        """What ending it now would do, with nothing typed yet."""
        preview = preview_of(project, by=by)
        reach = reach_of(preview)
        return cls(
            seen=preview.as_json(),
            fingerprint=preview.fingerprint,
            seen_at=database_now().isoformat(),
            privileged=reach.privileged,
            second_person=[str(why) for why in why_not_alone(reach, by.kind)],
        )

    @classmethod
    def kept(cls, session: SessionBase, project: Project) -> Self | None:
        """What was kept for this project; None where nothing was, or it is of an older Curfew."""
        found = session.get(_key(project))
        try:
            return cls(**found) if found else None
        except TypeError:
            return None

    def keep(self, session: SessionBase, project: Project) -> None:
        session[_key(project)] = asdict(self)

    def looked_again(self, fresh: Draft) -> Draft:
        """The new look, with what was typed so far."""
        fresh.when, fresh.why = self.when, self.why
        return fresh

    @property
    def taken_at(self) -> datetime:
        return datetime.fromisoformat(self.seen_at)


def forget(session: SessionBase, project: Project) -> None:
    session.pop(_key(project), None)


def _key(project: Project) -> str:
    return f"end_project:{project.pk}"
