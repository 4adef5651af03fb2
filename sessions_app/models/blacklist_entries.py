"""What the blacklist must hold, row for row, and how far that has been proved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, QuerySet


class EntryKind(models.TextChoices):
    USER = "user"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105  # a word, not a secret


class BlacklistEntryQuerySet(QuerySet["BlacklistEntry"]):
    def unexpired(self, now_ms: int) -> BlacklistEntryQuerySet:
        return self.filter(expires_at_ms__gt=now_ms)

    def unpublished(self) -> BlacklistEntryQuerySet:
        """Entries whose newest revision was not yet read back from the blacklist."""
        return self.filter(published_revision__lt=F("revision"))

    def note(self, entries: Iterable[BlacklistEntry], *columns: str) -> None:
        """Set these columns to the revision each entry was read with, unless it was raised meanwhile.

        Guarded in the statement itself: what was raised in between was not what we wrote.
        """
        by_revision: dict[int, list[int]] = defaultdict(list)
        for entry in entries:
            by_revision[entry.revision].append(entry.pk)
        for revision, written in by_revision.items():
            self.filter(pk__in=written, revision=revision).update(**dict.fromkeys(columns, revision))

    def unsequenced(self) -> BlacklistEntryQuerySet:
        """Entries whose newest revision the markers' sequence does not vouch for yet."""
        return self.filter(sequenced_revision__lt=F("revision"))


class BlacklistEntry(models.Model):
    """One Redis key as SQL wants it. The same person, session or token is always the same row.

    Changed only by `revocation.entries`, under the lock of its user, and only upwards: cutoff, expiry and
    revision never decrease. A rebuild and the reconciler need nothing but this table.
    """

    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    realm = models.ForeignKey("sessions_app.Realm", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="blacklist_entries"
    )
    person_id = models.CharField(max_length=512)
    ident = models.CharField(max_length=512, blank=True)

    revision = models.PositiveBigIntegerField()
    blocked = models.BooleanField(default=False)
    cutoff_ms = models.BigIntegerField(default=0)
    second_factor_since_ms = models.BigIntegerField(default=0)
    receipt = models.CharField(max_length=13)
    why = models.CharField(max_length=20, blank=True)
    lost = models.JSONField(default=list)
    expires_at_ms = models.BigIntegerField()

    published_revision = models.PositiveBigIntegerField(default=0)
    sequenced_revision = models.PositiveBigIntegerField(default=0)

    objects = BlacklistEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "blacklist entries"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "realm", "person_id", "ident"], name="one_row_per_blacklist_key"
            )
        ]
        indexes = [
            models.Index(fields=["expires_at_ms"], name="entries_by_expiry"),
            models.Index(
                fields=["user"], name="entries_unpublished", condition=Q(published_revision__lt=F("revision"))
            ),
            models.Index(
                fields=["id"], name="entries_unsequenced", condition=Q(sequenced_revision__lt=F("revision"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} entry {self.pk}"


class BlacklistState(models.Model):
    """The single row that says which generation and sequence the markers carry.

    `sequence` is stored before any marker says so; `confirmed_sequence` follows when all sixteen do. While
    they differ a beat was interrupted, and what the markers hold cannot be known: the next step is a rebuild.
    Written only by the clock, and only under a fence that is not older than the one stored; but `everyone_cutoff_ms`
    by the decision to end everyone, and only upwards (`revocation.everyone`).
    """

    generation = models.PositiveBigIntegerField(default=0)
    sequence = models.PositiveBigIntegerField(default=0)
    confirmed_sequence = models.PositiveBigIntegerField(default=0)
    is_gate_open = models.BooleanField(default=False)
    everyone_cutoff_ms = models.BigIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)
    server_run_id = models.CharField(max_length=64, blank=True)
    evicted_keys = models.PositiveBigIntegerField(default=0)
    trouble = models.TextField(blank=True)
    trouble_since = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    rebuilt_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"generation {self.generation}, sequence {self.sequence}"

    @classmethod
    def current(cls) -> Self:
        """The row, made on first use."""
        state, _created = cls.objects.get_or_create(pk=1)
        return state
