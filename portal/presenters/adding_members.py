"""What was understood of a list of names, before anybody is added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.presenters.words import clean, name_of
from sessions_app.changes.project_members import Named
from sessions_app.models import Group


@dataclass(frozen=True, kw_only=True)
class NamedRow:
    line: int
    typed: str
    name: str
    number: str
    problem: str
    is_member: bool


class Understood:
    """Everybody a list named. Nobody can be added while one line has a problem."""

    def __init__(self, named: Sequence[Named], *, group: Group) -> None:
        self._named = named
        self.group = group

    @cached_property
    def rows(self) -> list[NamedRow]:
        """Lines with problems first."""
        return sorted((_row(named) for named in self._named), key=lambda row: (not row.problem, row.line))

    @property
    def problems(self) -> list[NamedRow]:
        return [row for row in self.rows if row.problem]

    @property
    def keys(self) -> list[str]:
        """Whom the second step adds."""
        return [str(named.user.pk) for named in self._named if named.user and not named.is_member]

    @property
    def can_be_added(self) -> bool:
        return bool(self.keys) and not self.problems

    @property
    def submit(self) -> str:
        count = len(self.keys)
        return ngettext("Add %(count)d person", "Add %(count)d people", count) % {"count": count}

    @property
    def line(self) -> str:
        if self.problems:
            count = len(self.problems)
            words = ngettext(
                "%(count)d line cannot be used. Nobody is added until every line can.",
                "%(count)d lines cannot be used. Nobody is added until every line can.",
                count,
            )
            return words % {"count": count}
        if not self.keys:
            return _("Everybody in this list is on the project already.")
        return _("Look whether these are the people you mean.")


def _row(named: Named) -> NamedRow:
    return NamedRow(
        line=named.line,
        typed=clean(named.name),
        name=name_of(named.user) if named.user else "",
        number=clean(named.user.employee_number) if named.user else "",
        problem=str(named.problem) if named.problem else "",
        is_member=named.is_member,
    )
