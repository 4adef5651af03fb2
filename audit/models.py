"""The trail's tables: entries, the personal values beside them, the chain's links and its checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from secrets import token_hex
from typing import Any, ClassVar
from uuid import uuid4

from auditlog.models import AbstractLogEntry
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import EventKind, Outcome, of_code
from audit.exports.models import ExportJob as ExportJob  # Django looks for it here
from audit.field_changes import EntryManager
from audit.initiators import InitiatorKind
from audit.names import LONGEST_NAME, NameQuerySet
from audit.personal import PersonalValue, SubjectRole
from audit.verifier import commitment

SEARCHED = {
    "event_code": "event",
    "reason_code": "reason",
    "receipt": "receipt",
    "project_key": "project",
    "initiator_id": "initiator",
    "target_id": "target",
    "person_id": "person",
    "door": "door",
    "outcome": "outcome",
    "cid": "request",
}


class AuditEntry(AbstractLogEntry):  # type: ignore[misc]  # django-auditlog has no types
    """What happened, for ever: a trigger refuses every change, so nothing personal may stand here.

    django-auditlog's columns that could hold a name or an address are left out of the table; its action,
    object and changes are filled for field changes only.
    """

    changes_text = None
    object_repr = None
    serialized_data = None
    actor_email = None
    remote_addr = None
    remote_port = None

    timestamp = models.DateTimeField(_("time"), default=timezone.now)
    event_code = models.CharField(_("event"), max_length=16)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # searched by initiator_id, which machines have too
        related_name="+",
    )
    initiator_kind = models.CharField(_("kind of initiator"), max_length=8)
    initiator_id = models.CharField(_("initiator"), max_length=100)
    initiator_roles = models.CharField(_("roles at the time"), max_length=120, blank=True)
    door = models.CharField(_("door"), max_length=16)
    target_kind = models.CharField(_("kind of target"), max_length=32, blank=True)
    target_id = models.CharField(_("target"), max_length=512, blank=True)
    person_id = models.UUIDField(_("person concerned"), null=True, blank=True)
    reason_code = models.CharField(_("reason"), max_length=32, blank=True)
    receipt = models.CharField(_("receipt"), max_length=16, blank=True)
    project_key = models.CharField(_("project"), max_length=64, blank=True)
    sessions_ended = models.PositiveIntegerField(_("sessions ended"), null=True, blank=True)
    source = models.CharField(_("outside event"), max_length=512, blank=True)
    cid = models.CharField(_("request"), max_length=255, blank=True)
    additional_data = models.JSONField(_("details"), null=True, blank=True)

    action = models.PositiveSmallIntegerField(
        _("field change"), choices=AbstractLogEntry.Action.choices, null=True, blank=True
    )
    content_type = models.ForeignKey(
        "contenttypes.ContentType",
        verbose_name=_("model"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
    )
    object_pk = models.CharField(_("row"), max_length=255, blank=True)
    object_id = models.BigIntegerField(_("row number"), null=True, blank=True)

    objects: ClassVar[EntryManager] = EntryManager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["timestamp", "id"], name="audit_by_time"),
            *(
                models.Index(fields=[column, "timestamp", "id"], name=f"audit_by_{name}")
                for column, name in SEARCHED.items()
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(initiator_kind__in=[str(kind) for kind in InitiatorKind])
                & ~models.Q(initiator_id=""),
                name="audit_initiator_is_never_empty",
            ),
            models.CheckConstraint(
                condition=~models.Q(event_code="") & ~models.Q(door=""), name="audit_event_and_door_are_named"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_code} {self.timestamp:%Y-%m-%d %H:%M:%S} #{self.pk}"

    @classmethod
    @cache
    def longest_texts(cls) -> dict[str, int]:
        """How long each text column may be; SQLite does not check this itself."""
        fields = (field for field in cls._meta.concrete_fields if isinstance(field, models.CharField))
        return {field.name: field.max_length for field in fields if field.max_length}

    @property
    def event(self) -> EventKind:
        return of_code(self.event_code)

    @property
    def details(self) -> dict[str, Any]:
        return self.additional_data or {}

    def keep_beside(self, values: Iterable[PersonalValue]) -> None:
        """Writes the personal values of this new entry."""
        kept = list(values)
        AuditSubject.objects.bulk_create(AuditSubject.of(self, value) for value in kept)
        AuditName.objects.remember(kept)


class AuditSubject(models.Model):
    """One personal value of one entry. It may be blanked, once, and nothing else may ever happen to it.

    The entry's hash covers the commitment (a hash of salt and value), so value and salt can be blanked together
    without breaking the chain, and a value that is still there can be checked.
    """

    entry = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="subjects")
    role = models.CharField(
        _("whose"), max_length=16, choices=[(str(role), str(role)) for role in SubjectRole]
    )
    kind = models.CharField(_("kind"), max_length=32)
    about = models.CharField(_("about"), max_length=512, blank=True)
    value = models.TextField(_("value"), blank=True)
    salt = models.CharField(_("salt"), max_length=32, blank=True)
    commitment = models.CharField(_("commitment"), max_length=64)
    blanked_at = models.DateTimeField(_("blanked"), null=True, blank=True)

    class Meta:
        verbose_name = _("personal value")
        verbose_name_plural = _("personal values")
        indexes = [models.Index(fields=["about", "kind"], name="audit_subject_by_person")]

    def __str__(self) -> str:
        return f"{self.role}.{self.kind} of entry {self.entry_id}"

    @classmethod
    def of(cls, entry: AuditEntry, value: PersonalValue) -> AuditSubject:
        salt = token_hex(16)
        return cls(
            entry=entry,
            role=value.role,
            kind=value.kind,
            value=value.value,
            about=value.about,
            salt=salt,
            commitment=commitment(salt, value.value),
        )


class AuditName(models.Model):
    """A name and whose it is, for searching only: made from the values beside the entries, and blanked with them."""

    about = models.CharField(_("about"), max_length=512)
    name = models.CharField(_("name as it is searched"), max_length=LONGEST_NAME)

    objects = NameQuerySet.as_manager()

    class Meta:
        verbose_name = _("name in the trail")
        verbose_name_plural = _("names in the trail")
        indexes = [models.Index(fields=["about"], name="audit_name_by_owner")]

    def __str__(self) -> str:
        return f"name of {self.about}"


class ChainLink(models.Model):
    """The place of one entry in the chain: gap-free numbers, given after the commit by one sealer."""

    number = models.BigIntegerField(_("number"), primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="link")
    hash = models.BinaryField(_("hash"), max_length=32)

    class Meta:
        verbose_name = _("chain link")
        verbose_name_plural = _("chain links")

    def __str__(self) -> str:
        return f"link {self.number}"


class UnsealedEntry(models.Model):
    """An entry that waits for its link. A trigger adds it in the transaction of the entry, the sealer takes it away.

    This is how those not yet linked are found among a million: asking for the highest id would miss an entry
    whose transaction ends later than that of the next one.
    """

    entry_id = models.BigIntegerField(_("entry"), primary_key=True)

    class Meta:
        verbose_name = _("unsealed entry")
        verbose_name_plural = _("unsealed entries")

    def __str__(self) -> str:
        return f"entry {self.entry_id}, unsealed"


class ChainHead(models.Model):
    """Where the chain ends: one row, locked by whoever seals, so that nobody who records ever waits for it.

    A convenience that the links can be asked for again; the verifier does not believe it.
    """

    size = models.BigIntegerField(_("links"), default=0)
    hash = models.BinaryField(_("hash of the last link"), max_length=32)
    peaks = models.BinaryField(_("complete subtrees"), max_length=64 * 32)

    class Meta:
        verbose_name = _("head of the chain")
        verbose_name_plural = _("head of the chain")

    def __str__(self) -> str:
        return f"head at {self.size}"


class Checkpoint(models.Model):
    """A signed statement of how long the chain was and what it ended in."""

    number = models.BigIntegerField(_("number"), primary_key=True)
    taken_at = models.DateTimeField(_("taken"))
    size = models.BigIntegerField(_("links"))
    head = models.BinaryField(_("hash of the last link"), max_length=32)
    merkle_root = models.BinaryField(_("Merkle root"), max_length=32)
    unsealed = models.BigIntegerField(_("entries not yet linked"))
    previous_digest = models.BinaryField(_("digest of the checkpoint before"), max_length=32)
    key_id = models.CharField(_("key"), max_length=64)
    signature = models.BinaryField(_("signature"), max_length=64)

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")

    def __str__(self) -> str:
        return f"checkpoint {self.number} of {self.size} links"


class TrailKey(models.Model):
    """A public key that signatures of the trail were made with; the private one is never in the database."""

    number = models.PositiveIntegerField(_("number"), primary_key=True)
    public_key = models.BinaryField(_("public key"), max_length=32, unique=True)
    introduced_at = models.DateTimeField(_("introduced"))
    previous = models.CharField(_("fingerprint of the key before"), max_length=64, blank=True)
    own_signature = models.BinaryField(_("its own signature"), max_length=64)
    previous_signature = models.BinaryField(_("signature of the key before"), max_length=64)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")

    def __str__(self) -> str:
        return f"key {self.number}"


class LogPosition(models.Model):
    """How far the entries were written out as lines, for each place they are written to."""

    destination = models.CharField(_("written to"), max_length=500, primary_key=True)
    number = models.BigIntegerField(_("last number written"))
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("position of the log")
        verbose_name_plural = _("positions of the log")

    def __str__(self) -> str:
        return f"{self.destination} up to {self.number}"


class ReceiptVersionQuerySet(models.QuerySet["ReceiptVersion"]):
    def of(self, receipt: str) -> ReceiptVersionQuerySet:
        """The versions of one receipt, oldest first."""
        return self.filter(receipt=receipt).order_by("number")

    def newest_number(self) -> int | None:
        """The highest number; None where nothing was signed yet."""
        return self.values_list("number", flat=True).last()


class ReceiptVersion(models.Model):
    """One receipt as it stood at one moment, signed. It holds pseudonyms only; names are added when shown."""

    receipt = models.CharField(_("receipt"), max_length=16)
    number = models.PositiveIntegerField(_("version"))
    document = models.BinaryField(_("canonical document"))
    hash = models.BinaryField(_("SHA-256 of the document"), max_length=32)
    made_at = models.DateTimeField(_("made"))
    key_id = models.CharField(_("key"), max_length=64)
    signature = models.BinaryField(_("signature"), max_length=64)

    objects = ReceiptVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a receipt")
        verbose_name_plural = _("versions of receipts")
        ordering = ["receipt", "number"]
        constraints = [
            models.UniqueConstraint(fields=["receipt", "number"], name="one_version_per_receipt_and_number")
        ]

    def __str__(self) -> str:
        return f"{self.receipt} version {self.number}"

    @property
    def facts(self) -> dict[str, Any]:
        """The document read back."""
        document: dict[str, Any] = json.loads(bytes(self.document))
        return document


class Verification(models.Model):
    """One check of the whole trail, done piece by piece, and how far it has come. Its end is an entry."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    initiator_id = models.CharField(_("who asked"), max_length=100)
    fingerprint = models.CharField(_("fingerprint given"), max_length=64, blank=True)
    until = models.BigIntegerField(_("last number to check"))
    anchor = models.BigIntegerField(_("last checkpoint to check"))
    checked = models.BigIntegerField(_("checked up to"), default=0)
    proved = models.BigIntegerField(_("proved up to"), default=0)
    turn = models.PositiveIntegerField(_("pieces done"), default=0)
    state = models.JSONField(_("state"), default=dict)
    problems = models.JSONField(_("problems"), default=list)
    problem_count = models.PositiveIntegerField(_("number of problems"), default=0)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        indexes = [models.Index(fields=["finished_at"], name="audit_verification_by_end")]

    def __str__(self) -> str:
        return f"verification up to {self.until}"

    @property
    def first_bad_number(self) -> int | None:
        """The lowest number of an entry that is not as it was."""
        numbers = [problem["number"] for problem in self.problems if problem["number"] is not None]
        return min(numbers, default=None)

    @property
    def verdict(self) -> str:
        """In the words of the stand-alone verifier."""
        if self.problem_count:
            return "not intact"
        return "genuine" if self.fingerprint else "intact, signer not checked"


class LeaverList(models.Model):
    """Who left in a period, as the HR system said: the file itself, and where it came from."""

    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    source = models.CharField(_("source"), max_length=200)
    query = models.TextField(_("query"), max_length=2000)
    allowed_hours = models.PositiveIntegerField(_("hours allowed after the last day"))
    content = models.BinaryField(_("file"))
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    rows = models.PositiveIntegerField(_("rows"))
    bad_rows = models.PositiveIntegerField(_("rows that are wrong"))
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("list of leavers")
        verbose_name_plural = _("lists of leavers")
        ordering = ["-received_at", "-id"]

    def __str__(self) -> str:
        return f"leavers {self.first_day} to {self.last_day}"
