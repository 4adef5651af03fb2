"""What is done about personal data: held, let go, given to whom it belongs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from sessions_app.models import LegalHold
from sessions_app.personal_data.holds import Case, open_hold
from tests.every_deed.deeds import Act, deed

HOLDS = "settings/personal-data/holds/"


def a_form(scene: Any, person: str) -> dict[str, str]:
    review_on = (timezone.now() + timedelta(days=90)).date()
    return {
        "person": person,
        "case": "HR-2026-7",
        "reason": "Dispute about the notice of May",
        "owner": "sam",
        "review_on": review_on.isoformat(),
    }


def a_hold(scene: Any, name: str = "ines") -> LegalHold:
    case = Case(
        name="HR-2026-7",
        owner=scene.sam,
        reason="Dispute about the notice of May",
        review_on=(timezone.now() + timedelta(days=90)).date(),
    )
    return open_hold(scene.people[name], case, by=scene.by("ada"))


@deed(HOLDS + "new/", "PD-110 sam ines", answers=303)
def opening_a_hold(scene: Any) -> Act:
    return scene.post("sam", "/settings/personal-data/holds/new/", a_form(scene, "ines"))


@deed(HOLDS + "new/", "PD-110F sam sam", answers=422)
def opening_a_hold_on_oneself(scene: Any) -> Act:
    return scene.post("sam", "/settings/personal-data/holds/new/", a_form(scene, "sam"))


@deed(HOLDS + "<uuid:hold_id>/release/", "PD-111 sam ines", answers=303)
def releasing_a_hold(scene: Any) -> Act:
    address = f"/settings/personal-data/holds/{a_hold(scene).pk}/release/"
    return scene.post("sam", address, {"reason": "settled out of court"})
