"""User: a person whose access can be ended, and who may also sign in here."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_app.models.names import are_similar, folded
from sessions_app.models.roles import PRIVILEGED, PopulationKind, Role, RoleGrant

if TYPE_CHECKING:
    from sessions_app.models.revocations import Revocation

NAMESAKES_COMPARED = 500


class UserKind(models.TextChoices):
    PERSON = "person", _("person")
    SERVICE = "service", _("service account")


POPULATION_FIELDS = {
    PopulationKind.LEGAL_ENTITY: "legal_entity",
    PopulationKind.COUNTRY: "country",
    PopulationKind.DEPARTMENT: "department",
    PopulationKind.GROUP: "memberships__group__name",
    PopulationKind.PROJECT: "memberships__group__projects__key",
}


class UserQuerySet(QuerySet["User"]):
    def visible_to(self, viewer: User, *, through: Collection[Role]) -> UserQuerySet:
        """Only the people whom the viewer reaches by one of these roles, populations applied.

        Every list, look-up and preview of people goes through here; whoever is outside answers as if
        they did not exist.
        """
        if viewer.reaches_everybody(through=through):
            return self
        reach = Q(pk__in=[])
        for grant in viewer.lasting_grants():
            if grant.role in through:
                reach |= Q(pk__in=User.objects.in_population_of(grant).values("pk"))
        return self.filter(reach)

    def in_population_of(self, grant: RoleGrant) -> UserQuerySet:
        """The people a role was granted for."""
        if grant.covers_everybody():
            return self
        field = POPULATION_FIELDS[PopulationKind(grant.population_kind)]
        # A sub-query keeps a person in two matching groups from appearing twice.
        return self.filter(pk__in=User.objects.filter(**{field: grant.population_value}).values("pk"))

    def matching(self, words: str) -> UserQuerySet:
        """People whose name, e-mail, user name, employee number or external id contains every word."""
        found = self
        for word in folded(words).split():
            found = found.filter(search_text__contains=word)
        return found

    def active(self) -> UserQuerySet:
        """People who could sign in somewhere: neither blocked nor erased."""
        return self.filter(sign_in_blocked_at__isnull=True, erased_at__isnull=True)

    def privileged(self) -> UserQuerySet:
        """Admins and members of Security, as their grants stand now."""
        return self.filter(pk__in=RoleGrant.objects.active().filter(role__in=PRIVILEGED).values("user"))

    def read_grants(self, people: Collection[User]) -> None:
        """Their active grants in one look-up, where each of many would be asked for theirs."""
        grants: dict[UUID, list[RoleGrant]] = {user.pk: [] for user in people}
        for grant in RoleGrant.objects.active().filter(user__in=grants):
            grants[grant.user_id].append(grant)
        for user in people:
            vars(user)["_active_grants"] = grants[user.pk]

    def with_live_session_count(self) -> UserQuerySet:
        """Adds `live_sessions`: sessions open now."""
        now = timezone.now()
        is_open = Q(sessions__ended_at__isnull=True) & (
            Q(sessions__expires_at__isnull=True) | Q(sessions__expires_at__gt=now)
        )
        return self.annotate(live_sessions=Count("sessions", filter=is_open, distinct=True))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # built from a queryset, as Django documents
    def get_by_natural_key(self, username: str | None) -> User:
        found: User = self.get(username=username)
        return found

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """A user with a usable password, or none where no password is given."""
        user: User = self.model(username=username, **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A directory can create users, never grant a Role. Users are never deleted, only erased in place."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=UserKind.choices, default=UserKind.PERSON)
    username = models.CharField(_("user name"), max_length=150, unique=True)
    external_id = models.CharField(_("external id"), max_length=200, unique=True, null=True, blank=True)
    display_name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    employee_number = models.CharField(_("employee number"), max_length=50, blank=True)
    job_title = models.CharField(_("job title"), max_length=200, blank=True)
    department = models.CharField(_("department"), max_length=200, blank=True)
    legal_entity = models.CharField(_("legal entity"), max_length=200, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    manager = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="reports"
    )
    last_day = models.DateField(_("last day"), null=True, blank=True)
    search_text = models.TextField(editable=False, default="")

    sign_in_blocked_at = models.DateTimeField(_("sign-in blocked"), null=True, blank=True)
    revision = models.PositiveBigIntegerField(default=0, editable=False)
    lost_claims = models.JSONField(default=list, editable=False)
    """Names of groups and entitlements that no token of theirs may carry any more, lost last first (`role_changed`)."""
    groups_as_of = models.DateTimeField(null=True, editable=False)
    """How recent the newest applied report of their groups is; what is older changes nothing."""
    may_enrol_until = models.DateTimeField(null=True, editable=False)
    """While a second factor is demanded, until when they may set one up (`allow_enrolment`)."""
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()

    class Meta:
        ordering = ["display_name", "id"]
        indexes = [
            models.Index(fields=["display_name", "id"], name="users_by_name"),
            models.Index(fields=["legal_entity"], name="users_by_entity"),
            models.Index(fields=["department"], name="users_by_department"),
        ]

    def __str__(self) -> str:
        """A pseudonym: this text may end up in records that can never be changed."""
        return self.pseudonym

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = self._searchable()
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "search_text"}
        super().save(*args, **kwargs)

    def _searchable(self) -> str:
        parts = (self.display_name, self.email, self.username, self.employee_number, self.external_id or "")
        return folded(" ".join(parts))

    @property
    def pseudonym(self) -> str:
        return f"user-{self.pk.hex[:12]}"

    @property
    def first_name(self) -> str:
        """The first word of the display name, for sentences."""
        return (self.display_name.split() or [self.username])[0]

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # derived here, a column in Django's base
        """Whether signing in is allowed at all. The guard, not this, ends what is already signed in."""
        return self.sign_in_blocked_at is None and self.erased_at is None

    def active_grants(self) -> list[RoleGrant]:
        """Role grants that count now, read once per instance (one request, one look)."""
        if not hasattr(self, "_active_grants"):
            self._active_grants = list(self.role_grants.active())
        return self._active_grants

    def lasting_grants(self) -> list[RoleGrant]:
        """Those that open more than a stretch of the trail: all others give no reach over any person."""
        return [grant for grant in self.active_grants() if not grant.is_for_a_period]

    def reaches_everybody(self, *, through: Collection[Role]) -> bool:
        """Whether one of these roles is held without a population, so that nobody has to be left out."""
        return any(grant.role in through and grant.covers_everybody() for grant in self.lasting_grants())

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(Role(grant.role) for grant in self.active_grants())

    @property
    def lasting_roles(self) -> frozenset[Role]:
        """The roles without those held for a period of the trail only."""
        return frozenset(Role(grant.role) for grant in self.lasting_grants())

    def roles_over(self, person: User) -> frozenset[Role]:
        """The roles whose population this person belongs to."""
        reached = User.objects.filter(pk=person.pk)
        return frozenset(
            role
            for role in self.roles
            if self.reaches_everybody(through={role}) or reached.visible_to(self, through={role}).exists()
        )

    @property
    def is_privileged(self) -> bool:
        return bool(self.roles & PRIVILEGED)

    def namesakes(self) -> list[User]:
        """Other active people whose name could be taken for this one, at most five.

        Whoever ends access must not hit the wrong one of them. Compared are people who share at least
        one word of the name, at most 500 of them.
        """
        shares_a_word = Q(pk__in=[])
        for word in folded(self.display_name).split():
            shares_a_word |= Q(search_text__contains=word)
        candidates = User.objects.active().exclude(pk=self.pk).filter(shares_a_word)[:NAMESAKES_COMPARED]
        return [other for other in candidates if are_similar(self.display_name, other.display_name)][:5]

    def latest_revocation(self) -> Revocation | None:
        """The newest revocation of this whole person, alone or among others, seen for them; or None."""
        theirs = self.revocation_targets.of_whole_people().filter(left_out="")
        target = theirs.select_related("revocation").order_by("-revocation__decided_at").first()
        return target.revocation.seen_for(target) if target else None
