"""What a project gives outside, with age and last use, and what of it is old or unused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.presenters.project_words import age_words, days_words
from portal.presenters.words import clean, last_day_words, name_of
from sessions_app.models import Project, ProjectResource, ResourceKind

OLD_AFTER = timedelta(days=365)
UNUSED_AFTER = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class ResourceRow:
    """`state` is empty where there is nothing to worry about, or nobody said what would tell."""

    name: str
    kind: str
    system: str
    is_long_lived: bool
    used_by: str
    owner: str
    age: str
    last_used: str
    state: str
    state_word: str
    edit_url: str
    withdraw_url: str


def resources_of(project: Project, *, with_actions: bool) -> list[ResourceRow]:
    """Long-lived credentials first: they work until somebody takes them away."""
    found = project.resources.select_related("owner")
    rows = [_row(resource, project, with_actions=with_actions) for resource in found]
    return sorted(rows, key=lambda row: (not row.is_long_lived, row.system, row.kind, row.name))


def _row(resource: ProjectResource, project: Project, *, with_actions: bool) -> ResourceRow:
    kind = ResourceKind(resource.kind)
    state, word = _worry(resource) if kind.is_long_lived else ("", "")
    args = [project.key, resource.pk]
    return ResourceRow(
        name=clean(resource.name, 200),
        kind=str(kind.label),
        system=kind.system,
        is_long_lived=kind.is_long_lived,
        used_by=clean(resource.used_by, 200),
        owner=name_of(resource.owner) if resource.owner else "",
        age=age_words(resource.created_on),
        last_used=last_day_words(resource.last_used_on),
        state=state,
        state_word=word,
        edit_url=reverse("project_resource_edit", args=args) if with_actions else "",
        withdraw_url=reverse("project_resource_withdraw", args=args) if with_actions else "",
    )


def _worry(resource: ProjectResource) -> tuple[str, str]:
    """The state and its words. Never used counts from when it was made."""
    today = timezone.now().date()
    used = resource.last_used_on or resource.created_on
    if used is not None and today - used >= UNUSED_AFTER:
        return "unused", _("Unused for %(span)s") % {"span": days_words((today - used).days)}
    if resource.created_on is not None and today - resource.created_on >= OLD_AFTER:
        return "old", _("Old: %(span)s") % {"span": days_words((today - resource.created_on).days)}
    return "", ""
