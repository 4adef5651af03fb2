"""What a project gives outside, as people declare it, so that ending the project takes it away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.events import Events
from audit.initiators import Initiator, acting
from audit.record import Target, record
from sessions_app.changes.configuration import Problems
from sessions_app.changes.errors import ProjectOver, ValuesRefused
from sessions_app.changes.texts import shown
from sessions_app.models import Project, ProjectResource, ResourceKind, User
from sessions_app.models.moments import database_now

LONGEST_NAME = 200
MOST_RESOURCES = 500


@dataclass(frozen=True, kw_only=True)
class ResourceFacts:
    """`name` as its own system has it, never a secret. The days are what people know of a long-lived credential."""

    kind: ResourceKind
    name: str
    used_by: str = ""
    owner: User | None = None
    created_on: date | None = None
    last_used_on: date | None = None


def declare_resource(project: Project, facts: ResourceFacts, *, by: Initiator) -> ProjectResource:
    """Count this among what the project gives; declared already, its facts are brought up to date.

    Raises ProjectOver or ValuesRefused, having stored nothing.
    """
    problems = _problems(facts)
    if problems:
        raise ValuesRefused(*problems)
    with transaction.atomic(), acting(by):
        locked = _locked(project)
        resource = locked.resources.filter(kind=facts.kind, name=facts.name).first()
        if resource is None and locked.resources.count() >= MOST_RESOURCES:
            raise ValuesRefused(("name", _("At most 500 resources are declared of one project.")))
        resource = resource or ProjectResource(project=locked, kind=facts.kind, name=facts.name)
        resource.used_by = facts.used_by
        resource.owner = facts.owner
        resource.created_on = facts.created_on
        resource.last_used_on = facts.last_used_on
        resource.save()
        record(
            Events.RESOURCE_DECLARED,
            initiator=by,
            target=Target.of(resource, label=resource.name),
            project=locked.key,
            details={"kind": str(facts.kind)},
        )
    return resource


def withdraw_resource(resource: ProjectResource, *, by: Initiator) -> None:
    """Count it no more: the project does not give it, or never did. Raises ProjectOver."""
    with transaction.atomic(), acting(by):
        locked = _locked(resource.project)
        record(
            Events.RESOURCE_WITHDRAWN,
            initiator=by,
            target=Target.of(resource, label=resource.name),
            project=locked.key,
            details={"kind": resource.kind},
        )
        resource.delete()


def _locked(project: Project) -> Project:
    locked = Project.objects.select_for_update().get(pk=project.pk)
    if locked.ended_at is not None:
        raise ProjectOver
    return locked


def _problems(facts: ResourceFacts) -> Problems:
    problems: Problems = []
    if not facts.name or shown(facts.name, limit=LONGEST_NAME) != facts.name:
        problems.append(("name", _("A name has 1 to 200 visible characters.")))
    if shown(facts.used_by, limit=LONGEST_NAME) != facts.used_by:
        problems.append(("used_by", _("At most 200 visible characters.")))
    today = database_now().date()
    for field, day in (("created_on", facts.created_on), ("last_used_on", facts.last_used_on)):
        if day is not None and day > today:
            problems.append((field, _("This day has not come yet.")))
    if facts.created_on and facts.last_used_on and facts.last_used_on < facts.created_on:
        problems.append(("last_used_on", _("It cannot have been used before it was made.")))
    return problems
