"""What readers of the trail do with it: views they keep, and personal details they ask for."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.events import Events
from audit.exports.forms import Form
from audit.exports.jobs import ask, run
from audit.exports.models import ExportJob
from audit.models import LeaverList
from audit.record import Target, record
from audit.verification import begin
from portal.models import SavedView
from portal.saved_views import save_view
from sessions_app.models import Role, RoleGrant
from tests.every_deed.deeds import Act, deed
from tests.factories import a_grant
from tests.portal.evidence.scenes import a_list, bring_in, today

VIEWS = "audit/views/"
PURPOSE = {"purpose": "case 2026-11, who was at the desk"}


def a_view(scene: Any) -> SavedView:
    return save_view(
        scene.aude, name="Leavers", line="reason:offboarding", is_shared=False, by=scene.by("aude")
    )


@deed(VIEWS + "save/", "VW-101 aude saved_view", answers=303)
def saving_a_view(scene: Any) -> Act:
    return scene.post("aude", "/audit/views/save/", {"name": "Leavers", "line": "reason:offboarding"})


@deed(VIEWS + "<int:view_id>/share/", "VW-102 aude saved_view", answers=303)
def sharing_a_view(scene: Any) -> Act:
    return scene.post("aude", f"/audit/views/{a_view(scene).pk}/share/", {"shared": "on"})


@deed(VIEWS + "<int:view_id>/delete/", "VW-103 aude saved_view", answers=303)
def deleting_a_view(scene: Any) -> Act:
    return scene.post("aude", f"/audit/views/{a_view(scene).pk}/delete/")


@deed("audit/<int:entry_id>/unmask/", "PD-102 aude audit_entry", "PD-102 aude audit_entry")
def unmasking_an_entry(scene: Any) -> Act:
    """Once for each person whose details these are: the address of Hana, the id of Ines."""
    with transaction.atomic():
        entry = record(
            Events.IDENTITY_LINKED,
            initiator=scene.by("hana"),
            target=Target.of(scene.ines, label=scene.ines.display_name),
            details={"realm": "northwind"},
            personal={"person_id": "ines@private.example"},
        )
    return scene.post("aude", f"/audit/{entry.pk}/unmask/", PURPOSE)


@deed("audit/exports/", "EX-101 aude audit")
def taking_the_trail_as_a_file(scene: Any) -> Act:
    return scene.post("aude", "/audit/exports/", {"q": "created:7d", "form": "csv"})


@deed("audit/exports/", "EX-103 aude export", answers=303)
def asking_for_a_large_file(scene: Any) -> Act:
    scene.fixture("monkeypatch").setattr("portal.views.audit_exports.DIRECT_ROWS", 0)
    return scene.post("aude", "/audit/exports/", {"q": "created:7d", "form": "csv"})


def a_job(scene: Any) -> ExportJob:
    scene.fixture("settings").EXPORTS_DIR = scene.fixture("tmp_path")
    return ask(Form.CSV, line="created:7d", with_notes=False, by=scene.by("aude"))


@deed("audit/exports/<uuid:job_id>/file", "EX-102 aude export")
def fetching_a_file_that_was_written_in_the_background(scene: Any) -> Act:
    job = a_job(scene)
    run(job.pk)
    return scene.get("aude", f"/audit/exports/{job.pk}/file")


@deed("audit/exports/<uuid:job_id>/file", "AC-403F aude address", answers=303)
def fetching_a_file_that_holds_more_than_one_may_read_by_now(scene: Any) -> Act:
    """She keeps the role of an auditor; what the file was written by was a second grant."""
    beside = a_grant(scene.aude, Role.SECURITY)
    job = a_job(scene)
    run(job.pk)
    RoleGrant.objects.filter(pk=beside.pk).update(revoked_at=timezone.now())
    return scene.get("aude", f"/audit/exports/{job.pk}/file")


@deed("audit/exports/<uuid:job_id>/cancel/", "EX-104 aude export", answers=303)
def cancelling_an_export(scene: Any) -> Act:
    return scene.post("aude", f"/audit/exports/{a_job(scene).pk}/cancel/")


@deed("audit/verify/", answers=303)
def beginning_to_verify(scene: Any) -> Act:
    """A check that has only begun says nothing yet; its end is the entry."""
    return scene.post("aude", "/audit/verify/", {"fingerprint": ""})


@deed("audit/verify/<uuid:verification_id>/next/", "CN-110 aude -")
def verifying_to_the_end(scene: Any) -> Act:
    began = begin(asked_by=scene.by("aude"), fingerprint="")
    return scene.post("aude", f"/audit/verify/{began.pk}/next/")


@deed("audit/times/", answers=302)
def choosing_how_times_are_shown(scene: Any) -> Act:
    """A cookie in this browser and nothing here."""
    return scene.post("aude", "/audit/times/", {"times": "utc", "next": "/audit/"})


# --- Evidence -------------------------------------------------------------------------------------

EVIDENCE = "audit/evidence/"
NOBODY = "username=nobody"


def leavers() -> str:
    return f"username,name,left_on\nnobody,Nora Bell,{today()}\n"


def a_list_of(scene: Any) -> LeaverList:
    return a_list(scene.browser("aude"), leavers())


@deed(EVIDENCE, "EV-101 aude leaver_list", answers=303)
def bringing_in_a_list_of_leavers(scene: Any) -> Act:
    browser = scene.browser("aude")
    return lambda: bring_in(browser, leavers())


@deed(EVIDENCE + "<int:list_id>/")
def looking_at_the_match(scene: Any) -> Act:
    return scene.get("aude", f"/audit/evidence/{a_list_of(scene).pk}/")


@deed(EVIDENCE + "<int:list_id>/explain/", "EV-102 aude evidence_row", answers=303)
def explaining_an_exception(scene: Any) -> Act:
    said = {"row": NOBODY, "text": "Never had an account here."}
    return scene.post("aude", f"/audit/evidence/{a_list_of(scene).pk}/explain/", said)


@deed(EVIDENCE + "<int:list_id>/build/", "EV-110 aude leaver_list")
def building_an_evidence_pack(scene: Any) -> Act:
    asked = {"seed": "2026-q4", "size": "1", "as_of": today().isoformat()}
    return scene.post("aude", f"/audit/evidence/{a_list_of(scene).pk}/build/", asked)
