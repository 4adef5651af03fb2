"""Project: a contractor project, which ends at a moment of its own and gives nothing after it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.models.roles import PopulationKind, Role, RoleGrant

if TYPE_CHECKING:
    from sessions_app.models.users import User


class ProjectState(models.TextChoices):
    PLANNED = "planned", _("planned")
    RUNNING = "running", _("running")
    ENDING = "ending", _("ending")
    ENDED = "ended", _("ended")
    ENDED_WITH_EXCEPTIONS = "exceptions", _("ended with exceptions")


class ProjectQuerySet(QuerySet["Project"]):
    def running(self, at: datetime) -> ProjectQuerySet:
        """Projects that have begun, and have neither been ended nor reached their end, at this moment."""
        has_begun = Q(starts_at__isnull=True) | Q(starts_at__lte=at)
        return self.filter(has_begun, ended_at__isnull=True, ends_at__gt=at)

    def not_ended(self) -> ProjectQuerySet:
        """Planned and running ones, and those whose moment has come but which nobody has ended yet."""
        return self.filter(ended_at__isnull=True)

    def of(self, user: User) -> ProjectQuerySet:
        """Projects this person works on: those with a group they are a member of, each once."""
        return self.filter(groups__members=user).distinct()

    def managed_by(self, user: User) -> ProjectQuerySet:
        """Projects this person manages or is a deputy of; nothing for somebody without the Role."""
        if Role.PROJECT_MANAGER not in user.lasting_roles:
            return self.none()
        return self.filter(Q(manager=user) | Q(deputies=user)).distinct()

    def without_anybody(self) -> ProjectQuerySet:
        """Projects whose manager and deputies have all left, or lost the Role: IT takes over."""
        from sessions_app.models.users import User

        managers = RoleGrant.objects.active().filter(role=Role.PROJECT_MANAGER).values("user")
        able = User.objects.active().filter(pk__in=managers).values("pk")
        looked_after = Project.objects.filter(Q(manager__in=able) | Q(deputies__in=able))
        return self.exclude(pk__in=looked_after.values("pk"))

    def reached_by(self, user: User, *, through: Collection[Role]) -> ProjectQuerySet:
        """All of them for a role without a population; otherwise those it was granted for, and no other.

        A role narrowed to some people reaches no project, which may have others on it.
        """
        if user.reaches_everybody(through=through):
            return self
        granted = {
            grant.population_value
            for grant in user.lasting_grants()
            if grant.role in through and grant.population_kind == PopulationKind.PROJECT
        }
        return self.filter(key__in=granted)


class Project(models.Model):
    """`ends_at` is the moment itself; `time_zone` is how people are shown it. Membership comes from the groups.

    Its key stays what it is: entries, receipts and tokens name it by that.
    """

    key = models.SlugField(_("key"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="projects_managed",
    )
    deputies = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="projects_deputised", blank=True, verbose_name=_("deputies")
    )
    groups = models.ManyToManyField("sessions_app.Group", related_name="projects", blank=True)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"))
    agreed_ends_at = models.DateTimeField(_("agreed end"), null=True, blank=True)
    """The end it was given first, or that a second person approved: how far one person may extend counts from it."""
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    has_exceptions = models.BooleanField(_("has exceptions"), default=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["ends_at", "key"]

    def __str__(self) -> str:
        return self.key

    @property
    def state(self) -> ProjectState:
        """The only word a screen may use for it. Expects `endings` to be prefetched where many are asked."""
        if self.ended_at is None:
            begun = self.starts_at is None or self.starts_at <= timezone.now()
            return ProjectState.RUNNING if begun else ProjectState.PLANNED
        if any(ending.state == EndingState.RUNNING for ending in self.endings.all()):
            return ProjectState.ENDING
        return ProjectState.ENDED_WITH_EXCEPTIONS if self.has_exceptions else ProjectState.ENDED

    @property
    def latest_ending(self) -> ProjectEnding | None:
        return self.endings.order_by("-asked_at").first()


class ResourceKind(models.TextChoices):
    """What a project gives outside. `PER_PERSON` of them are taken from each contractor, the others once."""

    AWS_GROUP = "aws_group", _("AWS IAM group")
    AWS_USER = "aws_user", _("AWS IAM user")
    AWS_ASSIGNMENT = "aws_assignment", _("AWS Identity Center assignment")
    GITHUB_TEAM = "github_team", _("GitHub team")
    GITHUB_COLLABORATOR = "github_collaborator", _("GitHub outside collaborators")
    OKTA_GROUP = "okta_group", _("Okta group")
    DEPLOY_KEY = "deploy_key", _("deploy key")
    PIPELINE_TOKEN = "pipeline_token", _("pipeline token")  # a kind, not a secret

    @property
    def is_per_person(self) -> bool:
        return self in PER_PERSON

    @property
    def is_long_lived(self) -> bool:
        """A credential that no sign-in renews: it works until somebody takes it away."""
        return self in LONG_LIVED

    @property
    def system(self) -> str:
        """The outside system it lies in, as a word for a column."""
        return SYSTEM_OF[self]


PER_PERSON = frozenset(
    {
        ResourceKind.AWS_GROUP,
        ResourceKind.AWS_ASSIGNMENT,
        ResourceKind.GITHUB_TEAM,
        ResourceKind.GITHUB_COLLABORATOR,
        ResourceKind.OKTA_GROUP,
    }
)
LONG_LIVED = frozenset({ResourceKind.AWS_USER, ResourceKind.DEPLOY_KEY, ResourceKind.PIPELINE_TOKEN})
SYSTEM_OF = {
    ResourceKind.AWS_GROUP: "AWS",
    ResourceKind.AWS_USER: "AWS",
    ResourceKind.AWS_ASSIGNMENT: "AWS",
    ResourceKind.GITHUB_TEAM: "GitHub",
    ResourceKind.GITHUB_COLLABORATOR: "GitHub",
    ResourceKind.OKTA_GROUP: "Okta",
    ResourceKind.DEPLOY_KEY: "GitHub",
    ResourceKind.PIPELINE_TOKEN: "CI",
}


class ProjectResource(models.Model):
    """Something outside that the project gives, declared here so that ending the project takes it away.

    `name` is how its own system names it: "northwind/phoenix-api", "phoenix-developers". Never a secret.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(_("kind"), max_length=20, choices=ResourceKind.choices)
    name = models.CharField(_("name in its system"), max_length=200)
    used_by = models.CharField(_("what would stop without it"), max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="resources_owned",
        verbose_name=_("owner"),
    )
    created_on = models.DateField(_("made on"), null=True, blank=True)
    last_used_on = models.DateField(_("last used on"), null=True, blank=True)
    declared_at = models.DateTimeField(_("declared"), auto_now_add=True)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "name"], name="one_declaration_per_project_and_resource"
            )
        ]

    def __str__(self) -> str:
        return f"resource {self.pk}"


class EndingState(models.TextChoices):
    WAITING = "waiting", _("waits for approval")
    SCHEDULED = "scheduled", _("scheduled")
    RUNNING = "running", _("being carried out")
    DONE = "done", _("carried out")
    CANCELLED = "cancelled", _("cancelled")
    LAPSED = "lapsed", _("not approved")


OPEN_ENDINGS = [EndingState.WAITING, EndingState.SCHEDULED, EndingState.RUNNING]


class ProjectEnding(models.Model):
    """One order to end a project: who asked, what they saw, when it is due, and the revocation it became.

    `preview` is what was shown, under `fingerprint`; `news` is what had changed when it was carried out. `groups_kept`
    are the groups that nobody left by it, with the keys of the running projects that had them too.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="endings")
    state = models.CharField(_("state"), max_length=10, choices=EndingState.choices)
    asked_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("due"))
    initiator_kind = models.CharField(max_length=10)
    initiator_id = models.CharField(max_length=100)
    initiator_name = models.CharField(max_length=200, blank=True)
    initiator_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    door = models.CharField(max_length=20)
    note = models.TextField(_("note"), blank=True)
    ticket = models.CharField(_("ticket"), max_length=100, blank=True)
    preview = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)
    news = models.JSONField(default=dict)
    groups_kept = models.JSONField(default=dict)
    approval = models.OneToOneField(
        "sessions_app.Approval", on_delete=models.PROTECT, null=True, related_name="ending"
    )
    revocation = models.OneToOneField(
        "sessions_app.Revocation", on_delete=models.PROTECT, null=True, related_name="ending"
    )
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"], name="one_open_ending_per_project", condition=Q(state__in=OPEN_ENDINGS)
            )
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="endings_due")]

    def __str__(self) -> str:
        return f"ending {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_ENDINGS
