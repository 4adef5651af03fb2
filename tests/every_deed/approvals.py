"""Deeds of two people, and of one who goes alone."""

from __future__ import annotations

from typing import Any

from sessions_app.changes.approvals import break_glass
from tests.every_deed.deeds import Act, deed
from tests.portal.signed_in import browser_with_factor

ONE = "approvals/<uuid:approval_id>/"
NOTE = {"note": "spoke to her manager"}


def sending(scene: Any, name: str, then: str, form: dict[str, str], *, asker: str = "hana") -> Act:
    """This person answers what `asker` wants to be done to Ada."""
    address = f"/approvals/{scene.approval_by(asker).pk}/{then}/"
    browser = browser_with_factor(scene.people[name])
    return lambda: browser.post(address, form)


@deed(ONE + "approve/", "AP-102 sam ada", "RV-101 hana ada", "RV-110 hana ada", answers=303)
def approving(scene: Any) -> Act:
    return sending(scene, "sam", "approve", NOTE)


@deed(ONE + "approve/", "AP-102F sam ada", answers=403)
def approving_ones_own_request(scene: Any) -> Act:
    return sending(scene, "sam", "approve", NOTE, asker="sam")


@deed(ONE + "decline/", "AP-103 sam ada", answers=303)
def declining(scene: Any) -> Act:
    return sending(scene, "sam", "decline", NOTE)


@deed(ONE + "decline/", "AP-103F ivan ada", answers=403)
def declining_without_the_right(scene: Any) -> Act:
    return sending(scene, "ivan", "decline", NOTE)


@deed(ONE + "withdraw/", "AP-104 hana ada", answers=303)
def withdrawing(scene: Any) -> Act:
    return sending(scene, "hana", "withdraw", {})


@deed(ONE + "break-glass/", "AP-110 sam ada", "RV-101 sam ada", "RV-110 sam ada", answers=303)
def going_alone(scene: Any) -> Act:
    return sending(scene, "sam", "break-glass", {"reason": "nobody else is awake"}, asker="sam")


@deed(ONE + "break-glass/", "AP-110F sam ada", answers=403)
def going_alone_with_somebody_elses_request(scene: Any) -> Act:
    return sending(scene, "sam", "break-glass", {"reason": "nobody else is awake"})


@deed(ONE + "review/", "AP-111 ivan ada", answers=303)
def reviewing(scene: Any) -> Act:
    act = sending(
        scene, "ivan", "review", {"verdict": "justified", "review_note": "it was night"}, asker="sam"
    )
    break_glass(scene.approval_by("sam"), by=scene.by("sam"), reason="nobody else is awake")
    return act


@deed(ONE + "review/", "AP-111F sam ada", answers=403)
def reviewing_ones_own_deed(scene: Any) -> Act:
    act = sending(scene, "sam", "review", {"verdict": "justified", "review_note": "it was me"}, asker="sam")
    break_glass(scene.approval_by("sam"), by=scene.by("sam"), reason="nobody else is awake")
    return act
