"""Under which names people and things stand in the trail: a small dictionary, so that no search reads every value.

A million entries name a few thousand people. Looking their names up here first, and the entries by id, costs the
same however long the trail is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from audit.folding import folded
from audit.initiators import UNIDENTIFIED
from audit.personal import PersonalValue, SubjectRole

if TYPE_CHECKING:
    from audit.models import AuditName

LONGEST_NAME = 200
AT_ONCE = 500
NAMING = frozenset({(SubjectRole.INITIATOR, "name"), (SubjectRole.TARGET, "label")})
NAMING_KINDS = frozenset(kind for _role, kind in NAMING)
# Stand for somebody else each time, so a name found beside them would lead to everybody.
NOBODY = frozenset({"", "-", UNIDENTIFIED})


class NameQuerySet(QuerySet["AuditName"]):
    def remember(self, values: Iterable[PersonalValue]) -> None:
        """Adds the names among these values that do not stand here yet.

        Nothing is unique in the table, on purpose: a unique column would make an action wait for another one
        that names the same person for the first time. A pair may so come to stand twice, which harms nobody.
        """
        offered = iter(sorted(_pairs(values)))
        while some := list(islice(offered, AT_ONCE)):
            ids = [about for about, _name in some]
            known = set(self.filter(about__in=ids).values_list("about", "name"))
            new: list[AuditName] = [self.model(about=about, name=name) for about, name in set(some) - known]
            self.bulk_create(new)

    def forget(self, about: str) -> None:
        """For erasure: nobody is found by this person's name any more."""
        self.filter(about=about).delete()

    def bearing(self, words: str, *, at_most: int) -> list[str]:
        """The ids behind names in which a word begins like this; one more than `at_most` if there are more."""
        found = (
            self.filter(name__contains=as_searched(words)).order_by("about").values_list("about", flat=True)
        )
        return list(found.distinct()[: at_most + 1])


def as_searched(name: str) -> str:
    """With a space before each of its words, so that the beginning of a word can be looked for."""
    return f" {folded(name)}"[:LONGEST_NAME]


def _pairs(values: Iterable[PersonalValue]) -> Iterator[tuple[str, str]]:
    """Every name once, and whose it is."""
    return iter(
        {
            (value.about, as_searched(value.value))
            for value in values
            if (value.role, value.kind) in NAMING and value.about not in NOBODY and value.value
        }
    )
