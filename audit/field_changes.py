"""Field changes of operator-edited models: written by django-auditlog, attributed and cleaned here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditlog.models import LogEntryManager
from auditlog.registry import auditlog
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.db.models.signals import pre_delete, pre_save

from audit.columns import checked_texts, initiator_columns, require_transaction
from audit.events import Events, Outcome
from audit.initiators import current_initiator
from audit.personal import person_of, values_beside
from audit.search import EntryQuerySet
from audit.storable import clean_json
from audit.targets import Target, kind_of

MASK = "***"
EVENT_OF_ACTION = (Events.FIELDS_CREATED, Events.FIELDS_CHANGED, Events.FIELDS_DELETED)


def register_for_field_changes(model: type[Model], *, fields: Sequence[str], masked: Sequence[str]) -> None:
    """Every change of these fields becomes an entry; of the masked ones it shows only that they changed.

    Secrets and personal fields must be masked. From here on the model can only be created, changed in
    these fields or deleted inside `acting(...)` and a transaction. Many-to-many relations are not followed:
    who joins what is an event of its own. `queryset.update()` and `bulk_create()` leave no entry.
    """
    auditlog.register(
        model,
        include_fields=[*fields, *(name for name in masked if name not in fields)],
        mask_fields=list(masked),
        mask_callable="audit.field_changes.masked_value",
    )
    for signal, refuse in ((pre_save, _refuse_unattributed_creation), (pre_delete, _refuse_unattributed)):
        signal.connect(refuse, sender=model, dispatch_uid=("audit", model))


def masked_value(_value: str) -> str:
    """Nothing of the value, not even its length."""
    return MASK


class EntryManager(LogEntryManager.from_queryset(EntryQuerySet)):  # type: ignore[misc]  # built from a queryset, as Django documents
    """How django-auditlog gets in: its entries get an event, an initiator and no personal value."""

    def create(self, **offered: Any) -> Any:
        """One field change. Raises NobodyIsActing or OutsideTransaction, and then nothing was written."""
        target = _target_of(offered)
        initiator = current_initiator(asked_for=f"A field change of {target.kind} {target.id}")
        require_transaction(f"A field change of {target.kind} {target.id}")
        person = person_of(target)
        columns = {
            **initiator_columns(initiator),
            "event_code": EVENT_OF_ACTION[offered["action"]].code,
            "outcome": Outcome.DONE.value,
            "target_kind": target.kind,
            "target_id": target.id,
            "person_id": person,
            "content_type": offered["content_type"],
            "object_pk": target.id,
            "object_id": offered.get("object_id"),
            "action": offered["action"],
            "changes": clean_json(offered["changes"], "changes"),
        }
        entry = super().create(**checked_texts(columns, self.model.longest_texts()))
        entry.keep_beside(values_beside(initiator=initiator, target=target, person=person, personal=None))
        return entry

    def log_m2m_changes(self, *_args: Any, **_kwargs: Any) -> None:
        """Refused: it would put the text of every related row, so names, into an entry for ever."""
        raise NotImplementedError("Memberships are recorded as events, not as field changes.")


def _target_of(offered: dict[str, Any]) -> Target:
    model = offered["content_type"].model_class()
    kind = "user" if model is get_user_model() else kind_of(model)
    return Target(kind=kind, id=str(offered["object_pk"]), label=str(offered["object_repr"]))


def _refuse_unattributed(sender: type[Model], **_kwargs: Any) -> None:
    """Before anything is written: django-auditlog itself asks only after the row was created or deleted."""
    what = f"A field change of {kind_of(sender)}"
    current_initiator(asked_for=what)
    require_transaction(what)


def _refuse_unattributed_creation(sender: type[Model], instance: Model, **_kwargs: Any) -> None:
    # An update that touches no followed field needs no entry.
    if instance._state.adding:  # noqa: SLF001  # Django documents it for this question
        _refuse_unattributed(sender)
