"""Target: what an entry is about, named the same way by actions and by field changes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Model

WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, kw_only=True)
class Target:
    """`kind` and `id` stay for ever; `label` (a name) is kept beside the entry and may be blanked."""

    kind: str
    id: str
    label: str = ""

    @classmethod
    def of(cls, instance: Model, *, label: str = "") -> Target:
        """A row of ours: RoleGrant 7 becomes ("role_grant", "7"), a User ("user", its UUID)."""
        # Not type(): request.user is a lazy stand-in that only answers __class__ like what it stands for.
        return cls(kind=kind_of(instance.__class__), id=str(instance.pk), label=label)


def kind_of(model: type[Model]) -> str:
    return WORD_START.sub("_", model.__name__).lower()
