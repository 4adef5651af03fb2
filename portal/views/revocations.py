"""Revocations and their receipts."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.access import fetch_or_refuse, may, people_for, requires, revocations_for
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.corrections import Corrections
from portal.presenters.receipt_json import as_json, version_as_json
from portal.presenters.receipt_many import receipt_for
from portal.presenters.receipt_pdf import as_pdf
from portal.presenters.receipt_versions import SignedVersions, VersionPage
from portal.presenters.revocations import RevocationFilter, RevocationsPage
from portal.presenters.timeline import timeline_of_receipt
from portal.roles import May
from sessions_app.models import Revocation
from sessions_app.models.receipts import read_receipt
from sessions_app.revocation.engine import cut_off

RECEIPT = "portal/revocations/receipt.html"


@require_safe
@requires(May.SEE_REVOCATIONS)
def revocations(request: HtmxRequest) -> HttpResponse:
    """Newest first. A whole receipt number typed into the search leads straight to it."""
    page = RevocationsPage(request.user, RevocationFilter.read(request.GET))
    if page.exact and not request.htmx:
        return HttpResponseRedirect(reverse("receipt", args=[page.exact]))
    return page_or_part(request, "portal/revocations/revocations.html", "revocations", {"revocations": page})


@require_safe
@requires(May.SEE_REVOCATIONS)
def receipt(request: HtmxRequest, number: str) -> HttpResponse:
    """What one revocation did, and what is proved of it. The part asks again by itself until it is cut off."""
    return _show(request, _fetch(request, number))


@require_safe
@requires(May.SEE_REVOCATIONS)
def receipt_json(request: HtmxRequest, number: str) -> HttpResponse:
    """The same for keeping, under the same rights."""
    shown = receipt_for(_fetch(request, number), request.user)
    return _to_keep(JsonResponse(as_json(shown)), f"{shown.number}.json")


@require_safe
@requires(May.SEE_REVOCATIONS)
def version(request: HtmxRequest, number: str, version: int) -> HttpResponse:
    """One signed version as it was signed, with today's names beside the ids."""
    context = {"page": _fetch_version(request, number, version)}
    return page_or_part(request, "portal/revocations/version.html", "version", context)


@require_safe
@requires(May.SEE_REVOCATIONS)
def version_json(request: HtmxRequest, number: str, version: int) -> HttpResponse:
    """The same for keeping and for checking elsewhere."""
    page = _fetch_version(request, number, version)
    return _to_keep(JsonResponse(version_as_json(page)), f"{page.receipt.number}-v{version}.json")


@require_POST
@requires(May.SEE_REVOCATIONS, May.TERMINATE_PEOPLE)
def try_now(request: HtmxRequest, number: str) -> HttpResponse:
    """Do at once what the clock does every second. Harmless at any time and any number of times."""
    revocation = _fetch(request, number)
    reached = people_for(request.user, May.TERMINATE_PEOPLE).filter(revocation_targets__revocation=revocation)
    if not reached.exists():
        raise Http404
    if revocation.cut_off_at is None:
        cut_off(revocation, by=request.initiator)
    if not request.htmx:
        return go_to(request, reverse("receipt", args=[revocation.receipt]))
    return _show(request, revocation)


@require_safe
@requires(May.SEE_REVOCATIONS)
def version_pdf(request: HtmxRequest, number: str, version: int) -> HttpResponse:
    """The same as a document that a screen reader can read, with the signed one attached."""
    page = _fetch_version(request, number, version)
    response = HttpResponse(as_pdf(page), content_type="application/pdf")
    return _to_keep(response, f"{page.receipt.number}-v{version}.pdf")


def _show(request: HtmxRequest, revocation: Revocation) -> HttpResponse:
    """The receipt, and of its entries in the trail what this reader would also find there."""
    shown = receipt_for(revocation, request.user, page=request.GET.get("page", ""))
    browses = may(request.user, May.SEE_AUDIT)
    context = {
        "receipt": shown,
        "versions": SignedVersions(shown),
        "corrections": Corrections(shown),
        "timeline": timeline_of_receipt(shown.number, request.user) if browses else None,
    }
    return page_or_part(request, RECEIPT, "receipt", context)


def _fetch_version(request: HtmxRequest, number: str, version: int) -> VersionPage:
    """Only for a reader who reaches everybody in it: to all others it does not exist."""
    versions = SignedVersions(receipt_for(_fetch(request, number), request.user))
    found = versions.one(version)
    if found is None:
        raise Http404
    return VersionPage(versions, found, page=request.GET.get("page", ""))


def _to_keep(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _fetch(request: HtmxRequest, number: str) -> Revocation:
    """By its number in any spelling people use."""
    known = read_receipt(number)
    if known is None:
        raise Http404
    return fetch_or_refuse(
        revocations_for(request.user).select_related("initiator_user", "project"), receipt=known
    )
