"""Legal holds: with a case, an owner, a reason and a day to look again; never on oneself, never twice for one case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.changes.errors import ReasonTooShort, ValuesRefused
from sessions_app.models import LegalHold, User
from sessions_app.personal_data.holds import (
    AlreadyHeld,
    Case,
    HeldByOneself,
    HoldOver,
    is_held,
    open_hold,
    release_hold,
)
from tests.factories import initiator_of

pytestmark = pytest.mark.django_db


def a_case(owner: User, **changes: Any) -> Case:
    usual: dict[str, Any] = {
        "name": "HR-2026-7",
        "owner": owner,
        "reason": "Dispute about the notice",
        "review_on": timezone.now().date() + timedelta(days=30),
    }
    return Case(**{**usual, **changes})


def test_a_person_is_held_until_every_hold_is_released(ines: User, ada: User, sam: User):
    first = open_hold(ines, a_case(sam), by=initiator_of(ada))
    second = open_hold(ines, a_case(sam, name="HR-2026-8"), by=initiator_of(ada))

    release_hold(first, reason="settled out of court", by=initiator_of(sam))
    held_still = is_held(ines)
    release_hold(second, reason="settled out of court", by=initiator_of(sam))

    assert held_still
    assert not is_held(ines)


def test_one_case_holds_a_person_once(ines: User, ada: User, sam: User):
    open_hold(ines, a_case(sam), by=initiator_of(ada))

    with pytest.raises(AlreadyHeld):
        open_hold(ines, a_case(sam), by=initiator_of(sam))

    assert LegalHold.objects.count() == 1


def test_nobody_holds_what_is_kept_of_themselves(ada: User, sam: User):
    with pytest.raises(HeldByOneself):
        open_hold(ada, a_case(sam), by=initiator_of(ada))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "case"),
        ({"reason": "because"}, "reason"),
        ({"review_on": timezone.now().date()}, "review_on"),
        ({"review_on": timezone.now().date() + timedelta(days=400)}, "review_on"),
    ],
    ids=["no case", "no reason", "review today", "review in years"],
)
def test_a_hold_without_what_it_needs_is_none(changes: dict[str, Any], field: str, ines: User, ada: User):
    with pytest.raises(ValuesRefused) as refused:
        open_hold(ines, a_case(ada, **changes), by=initiator_of(ada))

    assert [name for name, _sentence in refused.value.problems] == [field]
    assert not LegalHold.objects.exists()


def test_a_hold_is_released_once_and_with_a_reason(ines: User, ada: User, sam: User):
    hold = open_hold(ines, a_case(sam), by=initiator_of(ada))

    with pytest.raises(ReasonTooShort):
        release_hold(hold, reason="over", by=initiator_of(sam))
    release_hold(hold, reason="settled out of court", by=initiator_of(sam))

    with pytest.raises(HoldOver):
        release_hold(hold, reason="settled out of court", by=initiator_of(sam))
