"""Evidence of a period: HR's list of leavers beside what the trail says, explained, sampled, and packed."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.evidence.archive import record_pack, write_pack
from audit.evidence.leavers import NoLeaverFile
from audit.evidence.lists import ListChanged, keep_list
from audit.evidence.matching import explain as explain_row
from audit.evidence.pack import Draw, assembled
from audit.exports.files import nameless
from audit.models import LeaverList
from portal.access import fetch_or_refuse, refuse, requires
from portal.audit_scope import entries_for
from portal.evidence import match_of
from portal.evidence_forms import AsOfForm, ExplanationForm, LeaverListForm, PackForm
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.evidence import EvidencePage
from portal.roles import May, roles_with
from portal.streams import one_of_few

LISTED_AT_MOST = 200
PAGE = "portal/evidence/evidence.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.BUILD_EVIDENCE)
def lists(request: HtmxRequest) -> HttpResponse:
    """The lists that were received, and the form for another one."""
    if not _reads_everything(request):
        return refuse(request, May.BUILD_EVIDENCE)
    form = LeaverListForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        kept = _kept(request, form)
        if kept:
            return go_to(request, reverse("evidence", args=[kept.pk]))
    context = {"form": form, "lists": LeaverList.objects.defer("content")[:LISTED_AT_MOST]}
    status = 422 if form.is_bound else 200
    return page_or_part(request, "portal/evidence/lists.html", "lists", context, status=status)


@require_safe
@requires(May.BUILD_EVIDENCE)
def evidence(request: HtmxRequest, list_id: int) -> HttpResponse:
    """The match of one list, the response times, and what the pack is made with."""
    if not _reads_everything(request):
        return refuse(request, May.BUILD_EVIDENCE)
    return _page(request, _fetch(list_id))


@require_POST
@requires(May.BUILD_EVIDENCE)
def explain(request: HtmxRequest, list_id: int) -> HttpResponse:
    """Why one exception is no failure, as an entry."""
    if not _reads_everything(request):
        return refuse(request, May.BUILD_EVIDENCE)
    kept, form = _fetch(list_id), ExplanationForm(request.POST)
    if not form.is_valid():
        return _page(request, kept, explanation=form, status=422)
    try:
        found = match_of(kept, entries=entries_for(request.user))
    except ListChanged:
        return _page(request, kept, status=409)
    row = next((each for each in found.exceptions if each.key == form.cleaned_data["row"]), None)
    if row is None:
        raise Http404
    explain_row(row, of=kept, text=form.cleaned_data["text"], by=request.initiator)
    messages.info(request, _("Explained. Your explanation is an entry of the trail."))
    return go_to(request, reverse("evidence", args=[kept.pk]))


@require_POST
@requires(May.BUILD_EVIDENCE)
@one_of_few
def build(request: HtmxRequest, list_id: int) -> HttpResponse:
    """The archive, once it is whole and its entry is written."""
    if not _reads_everything(request):
        return refuse(request, May.BUILD_EVIDENCE)
    kept, form = _fetch(list_id), PackForm(request.POST)
    if not form.is_valid():
        return _page(request, kept, pack_form=form, status=422)
    entries = entries_for(request.user)
    try:
        found = match_of(kept, entries=entries)
    except ListChanged:
        return _page(request, kept, status=409)
    draw = Draw(seed=form.cleaned_data["seed"], size=form.cleaned_data["size"])
    pack = assembled(found, entries=entries, draw=draw, as_of=form.cleaned_data["as_of"])
    file = nameless()
    record_pack(write_pack(file, pack), pack, by=request.initiator)
    name = f"evidence-{kept.first_day:%Y%m%d}-{kept.last_day:%Y%m%d}-{pack.made_at:%Y%m%dT%H%M%SZ}.zip"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    response["Cache-Control"] = "no-store"
    return cast(HttpResponse, response)  # what Django calls by one name in every view


def _reads_everything(request: HtmxRequest) -> bool:
    """A pack with gaps would be no evidence, so a role for a population makes none."""
    return request.user.reaches_everybody(through=roles_with(May.BUILD_EVIDENCE))


def _fetch(list_id: int) -> LeaverList:
    return fetch_or_refuse(LeaverList.objects.all(), pk=list_id)


def _kept(request: HtmxRequest, form: LeaverListForm) -> LeaverList | None:
    try:
        return keep_list(
            form.content,
            period=form.period,
            origin=form.origin,
            allowed_hours=form.cleaned_data["allowed_hours"],
            by=request.initiator,
        )
    except NoLeaverFile as refusal:
        form.add_error("file", str(refusal))
        return None


def _page(
    request: HtmxRequest,
    kept: LeaverList,
    *,
    explanation: ExplanationForm | None = None,
    pack_form: PackForm | None = None,
    status: int = 200,
) -> HttpResponse:
    entries = entries_for(request.user)
    chosen = AsOfForm(request.GET)
    as_of = chosen.cleaned_data["as_of"] if chosen.is_valid() else None
    try:
        page = EvidencePage(match_of(kept, entries=entries), entries, as_of)
    except ListChanged:
        return page_or_part(request, "portal/evidence/changed.html", "changed", {"kept": kept}, status=409)
    context = {
        "page": page,
        "explanation": explanation,
        "pack_form": pack_form or PackForm.with_new_seed(page.as_of),
    }
    return page_or_part(request, PAGE, "evidence", context, status=status)
