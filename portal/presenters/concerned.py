"""Whom a revocation is about, as far as one reader reaches them; everybody else is a number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import people_for
from portal.presenters.words import clean, name_of
from portal.roles import May
from sessions_app.models import Project, Revocation, RevocationScope, User

NAMED_AT_MOST = 2


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """`reached` by name; `hidden` is how many more there are."""

    reached: tuple[User, ...]
    hidden: int

    @property
    def count(self) -> int:
        return len(self.reached) + self.hidden

    @property
    def only_one(self) -> User | None:
        """The one person it is about; None where there are several, reached or not."""
        return self.reached[0] if self.count == 1 and self.reached else None

    @property
    def words(self) -> str:
        """'Ines Almeida', 'Ines Almeida and Carlos Vega', '3 people'."""
        if self.hidden or self.count > NAMED_AT_MOST:
            return ngettext("%(count)d person", "%(count)d people", self.count) % {"count": self.count}
        names = [name_of(user) for user in self.reached] or [_("nobody")]
        return (
            _("%(one)s and %(other)s") % dict(zip(("one", "other"), names, strict=True))
            if names[1:]
            else names[0]
        )

    @property
    def hidden_words(self) -> str:
        """Empty where everybody is reached."""
        if not self.hidden:
            return ""
        return ngettext(
            "and %(count)d person you do not reach", "and %(count)d people you do not reach", self.hidden
        ) % {"count": self.hidden}


def subject_words(revocation: Revocation, *, people: int) -> str:
    """'Project Phoenix', 'The group contractors', 'Everybody with wiki:admin', '12 people', 'Everyone'."""
    match RevocationScope(revocation.scope):
        case RevocationScope.PROJECT:
            project = revocation.project
            return _("Project %s") % clean(project.name if project else revocation.subject)
        case RevocationScope.GROUP:
            return _("The group %s") % clean(revocation.subject)
        case RevocationScope.ENTITLEMENT:
            return _("Everybody with %s") % clean(revocation.subject)
        case RevocationScope.EVERYONE:
            return _("Everyone")
    return ngettext("%(count)d person", "%(count)d people", people) % {"count": people}


def concerned_by(revocation: Revocation, reader: User) -> Concerned:
    """For a reader who may open the receipt."""
    people = revocation.people
    return _concerned(revocation, people, reached_of([revocation], people, reader=reader))


def concerned_by_each(revocations: Sequence[Revocation], reader: User) -> dict[UUID, Concerned]:
    """The same for a list. Expects `targets__user` to be prefetched; rights are asked once for all rows."""
    people = {
        each.pk: sorted((target.user for target in each.targets.all()), key=lambda user: user.display_name)
        for each in revocations
    }
    everybody = [user for several in people.values() for user in several]
    reached = reached_of(revocations, everybody, reader=reader)
    return {each.pk: _concerned(each, people[each.pk], reached) for each in revocations}


def reached_of(
    revocations: Sequence[Revocation], people: Collection[User], *, reader: User
) -> set[tuple[UUID, UUID]]:
    """(revocation, person) where the reader reaches the person, or the order is their own and they see the person.

    Of their own project a manager reaches everybody. Where an order is about one single person, whoever may open
    the receipt knows who that is.
    """
    managed = set(Project.objects.managed_by(reader).values_list("pk", flat=True))
    ids = {user.pk for user in people}
    whose = {May.SEE_REVOCATIONS: _within(ids, reader, May.SEE_REVOCATIONS)}
    if any(each.initiator_user_id == reader.pk for each in revocations):
        whose[May.SEE_PEOPLE] = _within(ids, reader, May.SEE_PEOPLE)
    of_project = {(each.pk, person) for each in revocations if each.project_id in managed for person in ids}
    return of_project | {
        (each.pk, person)
        for each in revocations
        for right, reached in whose.items()
        if right is May.SEE_REVOCATIONS or each.initiator_user_id == reader.pk
        for person in reached
    }


def _within(ids: set[UUID], reader: User, right: May) -> set[UUID]:
    return set(people_for(reader, right).filter(pk__in=ids).values_list("pk", flat=True))


def _concerned(revocation: Revocation, people: list[User], reached: set[tuple[UUID, UUID]]) -> Concerned:
    if len(people) == 1:
        return Concerned(reached=tuple(people), hidden=0)
    seen = tuple(user for user in people if (revocation.pk, user.pk) in reached)
    return Concerned(reached=seen, hidden=len(people) - len(seen))
