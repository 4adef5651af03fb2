"""The demo company's contractor projects: running, nearly over, planned, and one that has really ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from audit.initiators import Initiator
from portal.demo.people import ATLAS, HELIOS, ORION, PHOENIX
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.project_resources import ResourceFacts, declare_resource
from sessions_app.changes.projects import ProjectFacts, create_project
from sessions_app.models import Project, ResourceKind, User, UserKind

SERVICE = "svc-phoenix-deploy"
ENDED = "helios"


@dataclass(frozen=True, kw_only=True)
class DemoResource:
    """`made` and `used` are days ago."""

    kind: ResourceKind
    name: str
    used_by: str = ""
    owner: str = ""
    made: int | None = None
    used: int | None = None


@dataclass(frozen=True, kw_only=True)
class DemoProject:
    """`ends_in` and `starts_in` are days from the day the demo was loaded."""

    key: str
    name: str
    group: str
    ends_in: int
    deputies: tuple[str, ...] = ()
    starts_in: int | None = None
    resources: tuple[DemoResource, ...] = ()


PROJECTS = (
    DemoProject(
        key="phoenix",
        name="Phoenix",
        group=PHOENIX,
        ends_in=7,
        deputies=("bruno",),
        resources=(
            DemoResource(kind=ResourceKind.AWS_GROUP, name="phoenix-developers", owner="ivan"),
            DemoResource(kind=ResourceKind.GITHUB_TEAM, name="northwind/phoenix", owner="ivan"),
            DemoResource(
                kind=ResourceKind.DEPLOY_KEY,
                name="northwind/phoenix-api",
                used_by="CI job deploy-phoenix",
                owner="ivan",
                made=412,
                used=1,
            ),
            DemoResource(
                kind=ResourceKind.PIPELINE_TOKEN, name="phoenix-nightly", owner="mehmet", made=230, used=131
            ),
            DemoResource(kind=ResourceKind.AWS_USER, name="phoenix-migration", owner="ivan", made=64, used=0),
        ),
    ),
    DemoProject(
        key="atlas",
        name="Atlas",
        group=ATLAS,
        ends_in=69,
        resources=(
            DemoResource(kind=ResourceKind.OKTA_GROUP, name="atlas-contractors", owner="ivan"),
            DemoResource(kind=ResourceKind.GITHUB_COLLABORATOR, name="northwind/atlas-maps", owner="clara"),
        ),
    ),
    DemoProject(key="orion", name="Orion", group=ORION, ends_in=180, starts_in=21),
    DemoProject(
        key=ENDED,
        name="Helios",
        group=HELIOS,
        ends_in=1,
        resources=(DemoResource(kind=ResourceKind.GITHUB_TEAM, name="northwind/helios", owner="ivan"),),
    ),
)


def make_projects(*, by: Initiator) -> None:
    """By the same named changes that a person uses; expects the people."""
    User.objects.filter(username=SERVICE).update(kind=UserKind.SERVICE)
    for drawn in PROJECTS:
        project = create_project(drawn.key, _facts(drawn), ends_at=_in_days(drawn.ends_in), by=by)
        for resource in drawn.resources:
            declare_resource(project, _resource(resource), by=by)


def end_one(*, by: Initiator) -> None:
    """So that there is an ending to look at from the first minute, true like any other."""
    wish = EndingWish(received_at=timezone.now(), ticket="PRJ-104")
    end_project(Project.objects.get(key=ENDED), wish, by=by)


def _facts(drawn: DemoProject) -> ProjectFacts:
    return ProjectFacts(
        name=drawn.name,
        time_zone="Europe/Madrid",
        manager=User.objects.get(username="paula"),
        deputies=tuple(User.objects.filter(username__in=drawn.deputies)),
        groups=(drawn.group,),
        starts_at=None if drawn.starts_in is None else _in_days(drawn.starts_in),
    )


def _resource(drawn: DemoResource) -> ResourceFacts:
    return ResourceFacts(
        kind=drawn.kind,
        name=drawn.name,
        used_by=drawn.used_by,
        owner=User.objects.get(username=drawn.owner) if drawn.owner else None,
        created_on=_days_ago(drawn.made),
        last_used_on=_days_ago(drawn.used),
    )


def _in_days(days: int) -> datetime:
    return (timezone.now() + timedelta(days=days)).replace(hour=17, minute=0, second=0, microsecond=0)


def _days_ago(days: int | None) -> date | None:
    return None if days is None else timezone.now().date() - timedelta(days=days)
