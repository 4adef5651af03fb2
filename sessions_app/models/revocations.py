"""Revocation: the stored decision, with its receipt number, what it covered, and its clocks."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from sessions_app.models.leavings import LeavingState
from sessions_app.models.reasons import Reason
from sessions_app.models.receipts import draw_receipt

if TYPE_CHECKING:
    from sessions_app.models.issuers import Issuer
    from sessions_app.models.roles import Role
    from sessions_app.models.users import User

STUCK_AFTER = timedelta(seconds=10)


class RevocationScope(models.TextChoices):
    TOKEN = "token", _("one token")  # a word, not a secret
    SESSION = "session", _("one session")
    SESSIONS = "sessions", _("several sessions")
    USER_AT_APPLICATION = "at_app", _("a person at one application")
    USER = "user", _("the whole person")
    PEOPLE = "people", _("several people")
    GROUP = "group", _("a group")
    ENTITLEMENT = "entitled", _("everybody with an entitlement")
    PROJECT = "project", _("a project")
    EVERYONE = "everyone", _("everyone")


# All of a person's access, of one person or of many.
OF_WHOLE_PEOPLE = frozenset(
    {
        RevocationScope.USER,
        RevocationScope.PEOPLE,
        RevocationScope.GROUP,
        RevocationScope.ENTITLEMENT,
        RevocationScope.PROJECT,
        RevocationScope.EVERYONE,
    }
)
OF_MANY_PEOPLE = OF_WHOLE_PEOPLE - {RevocationScope.USER}


class RevocationState(models.TextChoices):
    REQUESTED = "requested", _("not yet cut off")
    STUCK = "stuck", _("stuck")
    CUT_OFF = "cut_off", _("cut off")
    CONFIRMED = "confirmed", _("confirmed")


class ReceiptOwes(models.TextChoices):
    """What the signed receipt still lacks; the clock brings it."""

    NOTHING = "", _("nothing")
    VERSION = "version", _("a signed version of the present state")
    NUMBERS = "numbers", _("the numbers of its entries in the chain")


class RevocationQuerySet(QuerySet["Revocation"]):
    def pending(self) -> RevocationQuerySet:
        """Decided, but not yet acknowledged by the blacklist and read back."""
        return self.filter(cut_off_at__isnull=True)

    def of(self, user: User) -> RevocationQuerySet:
        return self.filter(targets__user=user)

    def of_whole_people(self) -> RevocationQuerySet:
        """Those that ended all of somebody's access, alone or with others."""
        return self.filter(scope__in=OF_WHOLE_PEOPLE)

    def ordered_by(self, viewer: User) -> RevocationQuerySet:
        """The viewer's own decisions."""
        return self.filter(initiator_user=viewer)

    def visible_to(
        self, viewer: User, *, through: Collection[Role], own_through: Collection[Role]
    ) -> RevocationQuerySet:
        """All that concern people reached by `through`.

        Where `own_through` is held also what the viewer ordered, a leaving that they scheduled although the clock
        carried it out, and what ended the projects they manage.
        """
        own = self._own(viewer) if viewer.roles & frozenset(own_through) else Q(pk__in=[])
        if viewer.reaches_everybody(through=through):
            # Asked of each row: whoever reads the newest page never waits for the reading of all.
            concerns = RevocationTarget.objects.filter(revocation=OuterRef("pk"))
            return self.filter(Exists(concerns) | own)
        return self.filter(self._of_some_people(viewer, through) | own)

    def _of_some_people(self, viewer: User, through: Collection[Role]) -> Q:
        from sessions_app.models.users import User

        people = User.objects.visible_to(viewer, through=through).values("pk")
        return Q(pk__in=RevocationTarget.objects.filter(user__in=people).values("revocation"))

    def _own(self, viewer: User) -> Q:
        from sessions_app.models.projects import Project

        ordered = Q(initiator_user=viewer)
        ordered |= Q(leavings__initiator_user=viewer, leavings__state=LeavingState.DONE)
        ordered |= Q(project__in=Project.objects.managed_by(viewer).values("pk"))
        return Q(pk__in=Revocation.objects.filter(ordered).values("pk"))


class Revocation(models.Model):
    """Never deleted. The clocks only ever go from empty to a moment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    receipt = models.CharField(_("receipt"), max_length=13, unique=True, default=draw_receipt, editable=False)
    scope = models.CharField(_("scope"), max_length=10, choices=RevocationScope.choices)
    subject = models.CharField(max_length=400, blank=True, editable=False)
    """What the scope names where it is not one person: a group, an entitlement, a project's key."""
    project = models.ForeignKey(
        "sessions_app.Project", on_delete=models.PROTECT, null=True, related_name="revocations"
    )
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    note = models.TextField(_("note"), blank=True)
    ticket = models.CharField(_("ticket"), max_length=100, blank=True)

    initiator_kind = models.CharField(max_length=10)
    initiator_id = models.CharField(max_length=100)
    initiator_name = models.CharField(max_length=200)
    initiator_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="revocations_ordered"
    )
    initiator_roles = models.JSONField(default=list)
    door = models.CharField(max_length=20)

    blocks_sign_in = models.BooleanField(default=False)
    second_factor_next = models.BooleanField(default=False)
    sessions_ended = models.PositiveIntegerField(default=0)
    sessions_seen = models.PositiveIntegerField(null=True)
    token = models.ForeignKey(
        "sessions_app.Token", on_delete=models.PROTECT, null=True, related_name="revocations"
    )

    received_at = models.DateTimeField(_("received"))
    decided_at = models.DateTimeField(_("decided"))
    cut_off_at = models.DateTimeField(_("cut off"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    told_at = models.DateTimeField(_("the person was told"), null=True)

    proof_tail = models.CharField(max_length=8, blank=True)
    proof_kind = models.CharField(max_length=10, blank=True)
    receipt_owes = models.CharField(
        max_length=8, choices=ReceiptOwes.choices, default=ReceiptOwes.VERSION, blank=True
    )
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)

    objects = RevocationQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "id"]
        indexes = [
            models.Index(fields=["-decided_at", "id"], name="revocations_newest_first"),
            models.Index(
                fields=["decided_at"], name="revocations_pending", condition=Q(cut_off_at__isnull=True)
            ),
            models.Index(
                fields=["receipt_owes", "decided_at"],
                name="revocations_owing_receipts",
                condition=~Q(receipt_owes=""),
            ),
        ]

    def __str__(self) -> str:
        return self.receipt

    @property
    def is_of_many(self) -> bool:
        """Whether it is carried out person after person, however many there are (`revocation.many`)."""
        return self.scope in OF_MANY_PEOPLE

    @property
    def state(self) -> RevocationState:
        """The only word a screen may use for it."""
        if self.confirmed_at:
            return RevocationState.CONFIRMED
        if self.cut_off_at:
            return RevocationState.CUT_OFF
        if timezone.now() - self.decided_at > STUCK_AFTER:
            return RevocationState.STUCK
        return RevocationState.REQUESTED

    @property
    def seconds_to_cut_off(self) -> float | None:
        """From the moment the click or call was received; None while it is not cut off."""
        return (self.cut_off_at - self.received_at).total_seconds() if self.cut_off_at else None

    @property
    def seconds_waiting(self) -> float:
        return (timezone.now() - self.received_at).total_seconds()

    @property
    def more_than_seen(self) -> int:
        """Sessions that appeared between the page and the decision."""
        return max(0, self.sessions_ended - self.sessions_seen) if self.sessions_seen is not None else 0

    @property
    def person(self) -> User | None:
        """The one person it is about; None where there are several (`people`)."""
        people = self.people
        return people[0] if len(people) == 1 else None

    @cached_property
    def _looked_at(self) -> RevocationTarget | None:
        targets = list(self.targets.select_related("second_factor_proved_to")[:2])
        return targets[0] if len(targets) == 1 else None

    def seen_for(self, target: RevocationTarget) -> Self:
        """Lets what became of it for this person be asked of it, although it is about several."""
        self._looked_at = target
        return self

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        vars(self).pop("_looked_at", None)
        super().refresh_from_db(*args, **kwargs)

    @property
    def reinstated_at(self) -> datetime | None:
        """When the one person it is about, or is seen for, was allowed to sign in again."""
        return self._looked_at.reinstated_at if self._looked_at else None

    @property
    def second_factor_waived_at(self) -> datetime | None:
        return self._looked_at.second_factor_waived_at if self._looked_at else None

    @property
    def second_factor_proved_at(self) -> datetime | None:
        return self._looked_at.second_factor_proved_at if self._looked_at else None

    @property
    def second_factor_proved_to(self) -> Issuer | None:
        return self._looked_at.second_factor_proved_to if self._looked_at else None

    @property
    def people(self) -> list[User]:
        """Everybody it is about, by name."""
        targets = self.targets.select_related("user").order_by("user__display_name", "user_id")
        return [target.user for target in targets]


class RevocationTargetQuerySet(QuerySet["RevocationTarget"]):
    def of_whole_people(self) -> RevocationTargetQuerySet:
        return self.filter(revocation__scope__in=OF_WHOLE_PEOPLE)

    def without_cutoff(self) -> RevocationTargetQuerySet:
        """People of a decision about many whose cutoff is still to be drawn."""
        return self.filter(cutoff_ms=0, left_out="")

    def unfinished(self) -> RevocationTargetQuerySet:
        """Those whose cutoff stands and whose sessions are still to be counted and ended by name."""
        return self.filter(ended_at=None, left_out="", cutoff_ms__gt=0)

    def demanding_second_factor(self) -> RevocationTargetQuerySet:
        """Those after which the person has proved none yet, and was not identified in another way."""
        return self.filter(
            revocation__second_factor_next=True,
            left_out="",
            second_factor_proved_at=None,
            second_factor_waived_at=None,
        )


class RevocationTarget(models.Model):
    """One person an order covers: the cutoff that was drawn for them, and what became of it for them.

    Of one person or a few it is all decided at once. Of many the row is the decision, and `cutoff_ms` (0 until
    then) and `ended_at` follow within moments. `left_out` says by code why it does not apply to them.
    """

    revocation = models.ForeignKey(Revocation, on_delete=models.PROTECT, related_name="targets")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="revocation_targets"
    )
    cutoff_ms = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(_("sessions ended"), null=True)
    sessions_ended = models.PositiveIntegerField(default=0)
    blocks_sign_in = models.BooleanField(default=False)
    keeps = models.JSONField(default=list)
    """Keys of the running projects that go on for this person."""
    left_out = models.CharField(max_length=40, blank=True)

    reinstated_at = models.DateTimeField(_("sign-in allowed again"), null=True)
    second_factor_waived_at = models.DateTimeField(_("second factor waived"), null=True)
    second_factor_proved_at = models.DateTimeField(_("back with second factor"), null=True)
    second_factor_proved_to = models.ForeignKey(
        "sessions_app.Issuer", on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = RevocationTargetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revocation", "user"], name="one_target_per_person")]
        indexes = [
            models.Index(
                fields=["revocation", "user"],
                name="targets_to_carry_out",
                condition=Q(ended_at__isnull=True, left_out=""),
            )
        ]

    def __str__(self) -> str:
        return f"target {self.pk}"

    @property
    def still_demands_second_factor(self) -> bool:
        """As `demanding_second_factor` finds them."""
        is_over = self.second_factor_proved_at or self.second_factor_waived_at or self.left_out
        return self.revocation.second_factor_next and not is_over


class EndedSession(models.Model):
    """A session that was open when the decision fell, as it would die then."""

    revocation = models.ForeignKey(Revocation, on_delete=models.PROTECT, related_name="ended_sessions")
    session = models.ForeignKey("sessions_app.Session", on_delete=models.PROTECT, related_name="endings")
    lives_until = models.DateTimeField(null=True)
    """Set where some application never asks: until then its token works there."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revocation", "session"], name="one_ending_per_session")
        ]

    def __str__(self) -> str:
        return f"ending {self.pk}"


class OrderKey(models.Model):
    """What makes a repeated click or call harmless, for a day, for the same caller only."""

    caller = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    revocation = models.ForeignKey(Revocation, on_delete=models.PROTECT, related_name="order_keys")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_order_per_caller_and_key")]

    def __str__(self) -> str:
        return f"order key {self.pk}"
