"""What is asked before groups are taken off a project: how many lose it, and whether that takes a second person."""

from __future__ import annotations

import json

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.initiators import InitiatorKind
from portal.presenters.selection import why_words
from portal.presenters.words import clean, sessions_words
from portal.seen_reach import freeze, thaw
from sessions_app.changes.blast_radius import Reach, Why, why_not_alone
from sessions_app.changes.project_groups import groups_taken, who_loses
from sessions_app.models import Project, User


class GroupsQuestion:
    """Asked of one reader about one project and exactly these groups. `seen` None: they have not read it yet."""

    def __init__(self, project: Project, reader: User, names: list[str], *, frozen: str) -> None:
        self.groups = groups_taken(project, names)
        self._about = json.dumps(["groups", str(reader.pk), str(project.pk), self.groups])
        self.seen = thaw(frozen, about=self._about)
        self.reach = self.seen or Reach.of(who_loses(project, names))

    @property
    def is_needed(self) -> bool:
        """Whether anybody loses the project by it."""
        return self.reach.people > 0

    @property
    def why(self) -> list[Why]:
        return why_not_alone(self.reach, InitiatorKind.USER)

    @property
    def frozen(self) -> str:
        return freeze(self.reach, about=self._about)

    @property
    def words(self) -> str:
        count = self.reach.people
        loses = ngettext(
            "Without %(groups)s %(count)d person is no longer on it.",
            "Without %(groups)s %(count)d people are no longer on it.",
            count,
        ) % {"groups": ", ".join(map(clean, self.groups)), "count": count}
        ends = _(
            "Their tokens end at once (%s) and they may sign in again. They stay in the group, and so keep what else "
            "it gives. Nothing is saved yet: save again if that is meant."
        ) % sessions_words(self.reach.sessions)
        second = [*why_words(self.why), _("So taking it off waits for a second person.")] if self.why else []
        return " ".join([loses, ends, *second])
