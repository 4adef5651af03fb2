"""What people do to their own sign-ins."""

from __future__ import annotations

from typing import Any

from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from tests.every_deed.deeds import Act, deed
from tests.every_deed.people import ending
from tests.every_deed.scene import an_order
from tests.factories import open_session


@deed("me/sessions/<uuid:session_id>/end/", "RV-102 ines ines", "RV-110 ines ines")
def ending_ones_own_session(scene: Any) -> Act:
    return scene.post("ines", f"/me/sessions/{scene.session.pk}/end/", ending(reason="user_request"))


@deed("me/sessions/end-others/", "RV-104 ines ines", "RV-110 ines ines")
def ending_all_others(scene: Any) -> Act:
    scene.browser("ines")
    open_session(scene.ines)
    return scene.post("ines", "/me/sessions/end-others/")


@deed("me/not-me/", "RV-101 ines ines", "RV-110 ines ines", "SI-103 ines ines", answers=303)
def saying_that_it_was_not_me(scene: Any) -> Act:
    return scene.post("ines", "/me/not-me/")


@deed("explanation/", "RV-150 ines ines", answers=303)
def reading_why_access_was_ended(scene: Any) -> Act:
    revoke(an_order(scene, Reason.ROLE_CHANGE))
    return scene.post("ines", "/explanation/", {"next": "/me/"})


@deed("theme/", answers=302)
def choosing_a_theme(scene: Any) -> Act:
    """A cookie in this browser and nothing here."""
    return scene.post("ines", "/theme/", {"theme": "dark", "next": "/me/"})
