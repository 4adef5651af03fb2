"""Deeds on people, their sessions and their receipts."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sessions_app.changes.leavings import LeavingWish, schedule_leaving
from sessions_app.changes.suspicion import Suspicion, person_suspected
from sessions_app.changes.wrong_person import say_wrong_person
from sessions_app.changes.zones import ClockChange, LocalMoment
from sessions_app.models import Role
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import decide, revoke
from tests.every_deed.deeds import Act, deed
from tests.every_deed.scene import an_order
from tests.factories import a_grant, a_group, a_person, a_policy, an_application, open_session
from tests.portal.people import test_at_application, test_crowd
from tests.portal.sessions.test_selection import filled, looked_at
from tests.portal.signed_in import browser_with_factor, filled_dialog


def ending(**typed: str) -> dict[str, str]:
    return {"reason": "lost_device", "note": "", "ticket": "", "order_key": uuid.uuid4().hex, **typed}


def suspect(scene: Any) -> None:
    """A second factor is demanded of Ines."""
    person_suspected(
        scene.ines,
        Suspicion(reason=Reason.SECURITY_INCIDENT, received_at=database_now()),
        by=scene.by("sam"),
    )


def scheduled(scene: Any) -> None:
    """Hana scheduled that Ines leaves tomorrow."""
    at = database_now() + timedelta(days=1)
    moment = LocalMoment(at=at, zone="UTC", change=ClockChange.NONE)
    schedule_leaving(scene.ines, LeavingWish(received_at=database_now(), moment=moment), by=scene.by("hana"))


PERSON = "people/<uuid:user_id>/"
TERMINATE = PERSON + "terminate/"
LEAVING = PERSON + "leaving/"
CHANGE_ROLE = PERSON + "role/"
PROOF = PERSON + "second-factor/"
ALLOW = PERSON + "allow-sign-in/"


@deed(PERSON, "PE-110 hana ines")
def opening_somebodys_sessions(scene: Any) -> Act:
    return scene.get("hana", f"/people/{scene.ines.pk}/")


@deed(TERMINATE, "RV-101 sam ines", "RV-110 sam ines", answers=303)
def terminating(scene: Any) -> Act:
    address = f"/people/{scene.ines.pk}/terminate/"
    return scene.post("sam", address, filled_dialog(scene.browser("sam"), scene.ines))


@deed(TERMINATE, "RV-111 sam ines", answers=303)
def terminating_what_is_over(scene: Any) -> Act:
    revoke(an_order(scene))
    address = f"/people/{scene.ines.pk}/terminate/"
    return scene.post("sam", address, filled_dialog(scene.browser("sam"), scene.ines))


@deed(TERMINATE, "AP-101 hana ada", answers=303)
def asking_to_terminate_somebody_privileged(scene: Any) -> Act:
    a_grant(a_person("alma"), Role.ADMIN)
    address = f"/people/{scene.ada.pk}/terminate/"
    browser = browser_with_factor(scene.hana)
    form = filled_dialog(browser, scene.ada)
    return lambda: browser.post(address, form)


@deed(TERMINATE, "RV-112F sam ada", answers=409)
def asking_to_terminate_the_last_admin(scene: Any) -> Act:
    address = f"/people/{scene.ada.pk}/terminate/"
    browser = browser_with_factor(scene.sam)
    form = filled_dialog(browser, scene.ada)
    return lambda: browser.post(address, form)


@deed(LEAVING, "LV-101 hana ines", answers=303)
def scheduling_a_leaving(scene: Any) -> Act:
    day = (database_now() + timedelta(days=1)).date()
    form = {"day": day.isoformat(), "at": "18:00", "zone": "UTC", "ticket": "", "note": "", "instead_of": ""}
    return scene.post("hana", f"/people/{scene.ines.pk}/leaving/", form)


@deed(LEAVING, "AC-403F hana address", answers=403)
def scheduling_the_leaving_of_somebody_privileged(scene: Any) -> Act:
    return scene.post("hana", f"/people/{scene.ada.pk}/leaving/", {})


@deed(LEAVING + "cancel/", "LV-102 hana ines", answers=303)
def taking_a_leaving_back(scene: Any) -> Act:
    scheduled(scene)
    return scene.post("hana", f"/people/{scene.ines.pk}/leaving/cancel/", {})


@deed(CHANGE_ROLE, "RO-110 ivan ines", answers=303)
def joining_a_group(scene: Any) -> Act:
    a_group("controllers")
    form = {"keep": [], "join": "controllers", "order_key": str(uuid.uuid4())}
    return scene.post("ivan", f"/people/{scene.ines.pk}/role/", form)


@deed(CHANGE_ROLE, "RV-101 ivan ines", "RO-110 ivan ines", "RV-110 ivan ines", answers=303)
def leaving_a_group(scene: Any) -> Act:
    a_group("approvers", scene.ines)
    form = {"keep": [], "join": "", "order_key": str(uuid.uuid4())}
    return scene.post("ivan", f"/people/{scene.ines.pk}/role/", form)


@deed(CHANGE_ROLE, "RO-110F ivan ivan", answers=403)
def changing_ones_own_groups(scene: Any) -> Act:
    form = {"keep": [], "join": "controllers", "order_key": str(uuid.uuid4())}
    return scene.post("ivan", f"/people/{scene.ivan.pk}/role/", form)


@deed(PROOF, "RV-131 sam ines", answers=303)
def waiving_a_second_factor(scene: Any) -> Act:
    suspect(scene)
    form = {"how": "waive", "reason": "showed her passport"}
    return scene.post("sam", f"/people/{scene.ines.pk}/second-factor/", form)


@deed(PROOF, "RV-132 sam ines", answers=303)
def letting_somebody_enrol(scene: Any) -> Act:
    suspect(scene)
    form = {"how": "enrol", "reason": "showed her passport"}
    return scene.post("sam", f"/people/{scene.ines.pk}/second-factor/", form)


@deed(PROOF, "RV-131F sam sam", answers=403)
def waiving_ones_own_second_factor(scene: Any) -> Act:
    form = {"how": "waive", "reason": "it is me, really"}
    return scene.post("sam", f"/people/{scene.sam.pk}/second-factor/", form)


@deed(ALLOW, "RV-120 sam ines", answers=303)
def letting_somebody_sign_in_again(scene: Any) -> Act:
    revoke(an_order(scene))
    return scene.post("sam", f"/people/{scene.ines.pk}/allow-sign-in/", {"reason": "came back"})


@deed(ALLOW, "RV-120F sam sam", answers=403)
def letting_oneself_sign_in_again(scene: Any) -> Act:
    return scene.post("sam", f"/people/{scene.sam.pk}/allow-sign-in/", {"reason": "came back"})


WRONG_PERSON = "revocations/<str:number>/wrong-person/"


def said_to_be_wrong(scene: Any) -> Any:
    """Hana says that Ines was the wrong person; returns the correction."""
    return say_wrong_person(
        revoke(an_order(scene)), scene.ines, by=scene.by("hana"), why="meant somebody else"
    )


def correction_of(said: Any) -> str:
    return f"/revocations/{said.revocation.receipt}/wrong-person/{said.pk}/"


@deed(WRONG_PERSON, "RV-121 sam ines", answers=303)
def saying_that_it_was_the_wrong_person(scene: Any) -> Act:
    form = {"person": str(scene.ines.pk), "why": "meant somebody else"}
    return scene.post("sam", f"/revocations/{scene.receipt_id}/wrong-person/", form)


@deed(WRONG_PERSON + "<uuid:correction_id>/give-back/", "RV-120 ivan ines", "RV-122 ivan ines", answers=303)
def giving_back_what_was_taken(scene: Any) -> Act:
    return scene.post("ivan", correction_of(said_to_be_wrong(scene)) + "give-back/", {"note": ""})


@deed(WRONG_PERSON + "<uuid:correction_id>/decline/", "RV-123 ivan ines", answers=303)
def finding_that_it_was_the_right_person(scene: Any) -> Act:
    return scene.post(
        "ivan", correction_of(said_to_be_wrong(scene)) + "decline/", {"note": "HR confirmed it"}
    )


@deed(PERSON + "sessions/<uuid:session_id>/end/", "RV-102 sam ines", "RV-110 sam ines", answers=303)
def ending_a_session_at_the_person(scene: Any) -> Act:
    return scene.post("sam", f"/people/{scene.ines.pk}/sessions/{scene.session.pk}/end/", ending())


@deed("revocations/<str:number>/try/", "RV-110 sam ines", answers=303)
def cutting_off_at_once(scene: Any) -> Act:
    decided = decide(an_order(scene))
    return scene.post("sam", f"/revocations/{decided.receipt}/try/")


@deed("sessions/<uuid:session_id>/", "PE-110 sam ines")
def opening_a_session(scene: Any) -> Act:
    return scene.get("sam", f"/sessions/{scene.session.pk}/")


@deed("sessions/<uuid:session_id>/end/", "RV-102 sam ines", "RV-110 sam ines", answers=303)
def ending_a_session(scene: Any) -> Act:
    return scene.post("sam", f"/sessions/{scene.session.pk}/end/", ending())


@deed("sessions/<uuid:session_id>/end/", "RV-112F ivan session", answers=403)
def ending_a_session_of_somebody_privileged(scene: Any) -> Act:
    theirs = open_session(scene.ada)
    return scene.post("ivan", f"/sessions/{theirs.pk}/end/", ending(reason="user_request"))


@deed("sessions/selection/")
def looking_at_a_selection(scene: Any) -> Act:
    """A form that only asks; the set is frozen in the page."""
    return scene.post("sam", "/sessions/selection/", {"session": [str(scene.session.pk)]})


@deed("sessions/selection/end/", "RV-104 sam ines", "RV-110 sam ines", answers=303)
def ending_a_selection(scene: Any) -> Act:
    form = filled(looked_at(scene.browser("sam"), scene.session, open_session(scene.ines)))
    return scene.post("sam", "/sessions/selection/end/", form)


@deed("people/<uuid:user_id>/at-application/", "RV-104 ivan ines", "RV-110 ivan ines", answers=303)
def ending_what_is_open_at_one_application(scene: Any) -> Act:
    return test_at_application.sent(scene.browser("ivan"), scene.ines, an_application("crm"))


@deed("people/many/preview/")
def looking_at_many_people(scene: Any) -> Act:
    """A form that only asks; whom it is about is frozen in the page."""
    return scene.post("ivan", "/people/many/preview/", {"person": [str(scene.ines.pk)]})


@deed("people/many/end/", "RV-106 ivan -", "RV-105 ivan ines", "RV-110 ivan ines", answers=303)
def ending_many_people(scene: Any) -> Act:
    form = test_crowd.filled(test_crowd.looked_at(scene.browser("ivan"), scene.ines))
    return scene.post("ivan", "/people/many/end/", form)


@deed("people/many/end/", "AP-101 ivan approval", answers=303)
def asking_for_a_second_person_to_end_many(scene: Any) -> Act:
    browser = browser_with_factor(scene.ivan)
    form = test_crowd.filled(test_crowd.looked_at(browser, scene.ines, scene.otto))
    a_policy(people_alone=1)
    return lambda: browser.post("/people/many/end/", form)


@deed("sessions/everyone/end/", "AP-101 sam approval", answers=303)
def asking_to_sign_everyone_out(scene: Any) -> Act:
    browser = browser_with_factor(scene.sam)
    form = test_crowd.filled(browser.get("/sessions/everyone/"), reason="security_incident")
    return lambda: browser.post("/sessions/everyone/end/", form)


@deed("sessions/export.<str:form>", "EX-101 sam sessions")
def taking_sessions_as_a_file(scene: Any) -> Act:
    return scene.get("sam", "/sessions/export.csv")
