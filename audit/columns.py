"""What every way into the trail has in common: whose entry it is, and the transaction it must be part of."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from audit.errors import NotStorable, OutsideTransaction
from audit.initiators import Initiator, current_correlation_id
from audit.storable import clean_text


def initiator_columns(initiator: Initiator) -> dict[str, Any]:
    """Ids and a snapshot of kind, roles and door; the name and the address go beside the entry."""
    return {
        "actor_id": initiator.user_id,
        "initiator_kind": initiator.kind.value,
        "initiator_id": initiator.id,
        "initiator_roles": ",".join(sorted(str(role) for role in initiator.roles)),
        "door": initiator.door.value,
        "cid": initiator.correlation_id or current_correlation_id(),
    }


def require_transaction(what: str) -> None:
    """Raises OutsideTransaction where nothing would tie the entry to what it records."""
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransaction(what)


def checked_texts(columns: Mapping[str, Any], longest: Mapping[str, int]) -> dict[str, Any]:
    """The columns with storable texts. NotStorable where one is too long: SQLite would let it pass."""
    checked = {
        name: clean_text(value) if isinstance(value, str) else value for name, value in columns.items()
    }
    for name, limit in longest.items():
        if len(checked.get(name) or "") > limit:
            raise NotStorable(name, f"longer than {limit} characters.")
    return checked
