"""Changing the policy: thresholds that every rule reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from audit.initiators import Initiator, acting
from sessions_app.changes.errors import ValuesRefused
from sessions_app.models import Policy

NAMES = tuple(field.name for field in Policy._meta.get_fields() if field.name != "id")  # noqa: SLF001  # Django's way


def prepare_policy(*, by: Initiator) -> None:
    """Make the values everybody starts with a row, so that the trail says from the first start on what they are.

    Idempotent, and once only where two start at the same moment; nobody's own values are touched.
    """
    with transaction.atomic(), acting(by):
        Policy.objects.get_or_create(pk=1)


def change_policy(values: Mapping[str, Any], *, by: Initiator) -> Policy:
    """Keep these values, and in the trail what each was before. What is asked for from now on follows them.

    Raises ValuesRefused with every problem, having changed nothing.
    """
    with transaction.atomic(), acting(by):
        prepare_policy(by=by)  # where nothing was prepared, so that the change has a before
        policy = Policy.objects.select_for_update().get(pk=1)
        for name in NAMES:
            setattr(policy, name, values.get(name, getattr(policy, name)))
        _check(policy)
        policy.save()
    return policy


def _check(policy: Policy) -> None:
    try:
        policy.full_clean(exclude=["id"])
    except ValidationError as error:
        problems = [(name, each) for name, found in error.message_dict.items() for each in found]
        raise ValuesRefused(*problems) from error
