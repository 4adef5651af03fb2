"""A deed: something done at one address or by one command, and exactly the entries it must leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit.models import AuditEntry, ReceiptVersion
from sessions_app.models import Revocation, User
from sessions_app.revocation.receipt_versions import what_is_true

Act = Callable[[], Any]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """`prepare` sets the scene and returns the act. `at` is an address as in `urls.py`, or `manage.py name`.

    `leaves` are the entries in order, each as "code initiator target": "RV-101 sam ines". A person stands by
    user name, another target by its kind, an initiator without a name by its kind, nothing by a dash.
    """

    at: str
    name: str
    leaves: tuple[str, ...]
    answers: int
    prepare: Callable[[Any], Act]

    def __str__(self) -> str:
        return f"{self.at or 'home'}: {self.name}"


DEEDS: list[Deed] = []


def deed(at: str, *leaves: str, answers: int = 200) -> Callable[[Callable[[Any], Act]], Callable[[Any], Act]]:
    """Enters the decorated scene into the table."""

    def enter(prepare: Callable[[Any], Act]) -> Callable[[Any], Act]:
        name = prepare.__name__.replace("_", " ").strip()
        DEEDS.append(Deed(at=at, name=name, leaves=leaves, answers=answers, prepare=prepare))
        return prepare

    return enter


def newest_entry() -> int:
    """Entries above this number are what the act left."""
    newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first()
    return newest or 0


def receipts_behind() -> list[str]:
    """Receipts whose newest signed version does not say what is true: somebody changed it and signed nothing."""
    return [each.receipt for each in Revocation.objects.all() if not _says_what_is_true(each)]


def _says_what_is_true(revocation: Revocation) -> bool:
    newest = ReceiptVersion.objects.of(revocation.receipt).last()
    return newest is not None and newest.facts | what_is_true(revocation) == newest.facts


def left_since(number: int) -> list[str]:
    """The entries since then, as the table spells them."""
    return [_spelled(entry) for entry in AuditEntry.objects.filter(id__gt=number).order_by("id")]


def _spelled(entry: AuditEntry) -> str:
    who = (
        _user_name(entry.initiator_id) if entry.actor_id else _short(entry.initiator_kind, entry.initiator_id)
    )
    whom = _user_name(entry.target_id) if entry.target_kind == "user" else entry.target_kind
    return f"{entry.event_code} {who} {whom or '-'}"


def _short(kind: str, initiator_id: str) -> str:
    return initiator_id if kind == "machine" and not initiator_id.startswith("cfm_") else kind


def _user_name(key: str) -> str:
    user = User.objects.filter(pk=key).first()
    if user is None:
        return "somebody"
    return "user-erased" if user.erased_at else user.username
