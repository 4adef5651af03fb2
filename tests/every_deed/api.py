"""What machines tell us through /api/v1/."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.exports.jobs import run
from sessions_app.models import Scope
from tests.every_deed.deeds import Act, deed
from tests.factories import a_group
from tests.sessions_app.doors.machines import Machine
from tests.sessions_app.doors.test_events import event
from tests.sessions_app.doors.test_people import lena
from tests.sessions_app.doors.test_sessions import a_report
from tests.sessions_app.doors.test_sightings import seen

SESSIONS, PEOPLE = "api/v1/sessions", "api/v1/people/<external_id>"
ORDERS, EVENTS = "api/v1/revocations", "api/v1/events"
MEMBERS, SIGHTINGS = "api/v1/groups/<name>/members", "api/v1/sightings"
GROUP_ENDS = "api/v1/groups/<name>/revocations"
EXPORTS, EXPORT = "api/v1/audit/exports", "api/v1/audit/exports/<uuidstr:export_id>"


def posting(scene: Any, path: str, body: object) -> Act:
    machine = scene.machine
    return lambda: machine.post(path, body)


@deed(SESSIONS, "SE-101 machine ines", answers=201)
def reporting_a_sign_in(scene: Any) -> Act:
    return posting(scene, "/sessions", a_report())


@deed(SESSIONS, "SE-102 machine -", answers=404)
def reporting_a_sign_in_of_somebody_unknown(scene: Any) -> Act:
    return posting(scene, "/sessions", a_report(person_id="nobody"))


@deed(SESSIONS, "AC-403F machine -", answers=403)
def reporting_without_the_scope(scene: Any) -> Act:
    machine = Machine(Scope.REVOCATIONS_READ)
    return lambda: machine.post("/sessions", a_report())


@deed(SESSIONS, "AC-401F unidentified -", answers=401)
def reporting_without_a_credential(scene: Any) -> Act:
    machine = Machine(secret="cfm_00000000_wrong")
    return lambda: machine.post("/sessions", a_report())


@deed(PEOPLE, "PE-101 machine lena", answers=201)
def bringing_somebody_in(scene: Any) -> Act:
    machine = scene.machine
    return lambda: machine.put("/people/hr-77", lena())


@deed(PEOPLE, "PE-102 machine lena")
def changing_somebody(scene: Any) -> Act:
    machine = scene.machine
    machine.put("/people/hr-77", lena())
    return lambda: machine.put("/people/hr-77", lena(department="Audit"))


@deed(ORDERS, "RV-101 machine ines", "RV-110 machine ines", answers=201)
def ordering_an_end(scene: Any) -> Act:
    return posting(scene, "/revocations", {"person": {"username": "ines"}, "reason": "offboarding"})


@deed(ORDERS, "RV-112F machine ada", answers=409)
def ordering_the_end_of_the_last_admin(scene: Any) -> Act:
    return posting(scene, "/revocations", {"person": {"username": "ada"}, "reason": "offboarding"})


@deed(GROUP_ENDS, "RV-106 machine -", "RV-105 machine ines", "RV-110 machine ines", answers=201)
def ordering_the_end_of_a_group(scene: Any) -> Act:
    a_group("finance", scene.ines)
    return posting(scene, "/groups/finance/revocations", {"reason": "role_change"})


@deed(GROUP_ENDS, "AC-403F machine -", answers=403)
def ordering_the_end_of_a_group_without_the_scope(scene: Any) -> Act:
    a_group("finance", scene.ines)
    machine = Machine(Scope.REVOCATIONS_WRITE)
    return lambda: machine.post("/groups/finance/revocations", {"reason": "role_change"})


@deed(EVENTS, "RV-101 machine ines", "RV-110 machine ines", "SE-120 machine -")
def telling_that_somebody_left(scene: Any) -> Act:
    return posting(scene, "/events", event(scene.ines, "user.deactivated"))


@deed(EVENTS, "RO-110 machine ines", "SE-120 machine -")
def telling_of_another_role(scene: Any) -> Act:
    return posting(scene, "/events", event(scene.ines))


@deed(MEMBERS, "RO-110 machine ines")
def saying_who_is_in_a_group(scene: Any) -> Act:
    a_group("finance")
    machine = scene.machine
    return lambda: machine.put("/groups/finance/members", {"external_ids": [scene.ines.external_id]})


@deed(SIGHTINGS, "SE-101 machine ines")
def reporting_what_a_guard_saw(scene: Any) -> Act:
    return posting(scene, "/sightings", {"observations": [seen(scene.ines, started_at=_an_hour_ago())]})


@deed(EXPORTS, "EX-103 machine export", answers=202)
def asking_for_the_trail_as_a_file(scene: Any) -> Act:
    return posting(scene, "/audit/exports", {"q": "created:7d", "format": "csv"})


@deed(EXPORTS, answers=422)
def asking_for_a_file_of_what_cannot_be_read(scene: Any) -> Act:
    return posting(scene, "/audit/exports", {"q": "colour:red", "format": "csv"})


@deed(EXPORTS, "AC-403F machine -", answers=403)
def asking_for_a_file_without_the_scope(scene: Any) -> Act:
    machine = Machine(Scope.REVOCATIONS_READ)
    return lambda: machine.post("/audit/exports", {"format": "csv"})


@deed(EXPORTS)
def listing_ones_exports(scene: Any) -> Act:
    machine = scene.machine
    return lambda: machine.get("/audit/exports")


@deed(EXPORT + "/download", "EX-102 machine export")
def fetching_the_file(scene: Any) -> Act:
    machine, export_id = scene.machine, scene.export_id
    assert run(UUID(export_id))
    return lambda: machine.get(f"/audit/exports/{export_id}/download")


@deed(EXPORT + "/download", answers=409)
def fetching_a_file_that_is_not_written_yet(scene: Any) -> Act:
    machine, export_id = scene.machine, scene.export_id
    return lambda: machine.get(f"/audit/exports/{export_id}/download")


@deed(EXPORT + "/cancel", "EX-104 machine export")
def cancelling_ones_export(scene: Any) -> Act:
    return posting(scene, f"/audit/exports/{scene.export_id}/cancel", {})


def _an_hour_ago() -> str:
    return (timezone.now() - timedelta(hours=1)).isoformat()
