"""The populations that people really have, offered while somebody types one."""

from __future__ import annotations

from sessions_app.models import Group, Project, User

OFFERED_AT_MOST = 200


def known_populations() -> list[str]:
    """Legal entities, countries, departments, groups and projects, by name, each once."""
    names = {
        value
        for column in ("legal_entity", "country", "department")
        for value in User.objects.exclude(**{column: ""})
        .values_list(column, flat=True)
        .distinct()[:OFFERED_AT_MOST]
    }
    names |= set(Project.objects.values_list("key", flat=True)[:OFFERED_AT_MOST])
    names |= set(Group.objects.values_list("name", flat=True)[:OFFERED_AT_MOST])
    return sorted(names)
