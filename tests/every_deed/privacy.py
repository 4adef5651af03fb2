"""What is done about personal data: held, let go, given to whom it belongs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from sessions_app.models import LegalHold
from sessions_app.personal_data.holds import Case, open_hold
from sessions_app.revocation.engine import revoke
from tests.every_deed.deeds import Act, deed
from tests.every_deed.scene import an_order
from tests.sessions_app.commands.shell import ran

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


def left(scene: Any) -> None:
    """The access of Ines has ended."""
    revoke(an_order(scene))


def erasing(scene: Any, name: str) -> Act:
    form = {"reason": "asked for it", "typed": name}
    return scene.post("ada", f"/people/{scene.people[name].pk}/erase/", form)


@deed("people/<uuid:user_id>/erase/", "PD-101 ada user-erased", "PD-104 ada user-erased", answers=303)
def erasing_somebody_who_left(scene: Any) -> Act:
    left(scene)
    return erasing(scene, "ines")


@deed("people/<uuid:user_id>/erase/", "PD-104F ada ines", answers=422)
def erasing_somebody_who_still_signs_in(scene: Any) -> Act:
    return erasing(scene, "ines")


@deed("people/<uuid:user_id>/erase/", "PD-104F ada ines", answers=422)
def erasing_somebody_under_a_hold(scene: Any) -> Act:
    left(scene)
    a_hold(scene)
    return erasing(scene, "ines")


@deed("manage.py erase_person", "PD-101 shell user-erased", "PD-104 shell user-erased", answers=0)
def erasing_at_the_shell(scene: Any) -> Act:
    left(scene)
    return lambda: ran("erase_person", "ines", "--reason", "asked for it", "--yes")


@deed("manage.py erase_person", answers=2)
def erasing_without_having_said_yes(scene: Any) -> Act:
    left(scene)
    return lambda: ran("erase_person", "ines", "--reason", "asked for it")


@deed("people/<uuid:user_id>/file/", "PD-105 sam ines")
def taking_the_file_of_somebody(scene: Any) -> Act:
    return scene.post("sam", f"/people/{scene.ines.pk}/file/", {"purpose": "dispute HR-2026-7 at court"})


@deed("me/data/", "PD-106 ines ines")
def taking_ones_own_data(scene: Any) -> Act:
    return scene.post("ines", "/me/data/")
