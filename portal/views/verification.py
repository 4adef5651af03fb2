"""Verifying the trail in the page, piece by piece, and what somebody needs who verifies it without us."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import verifier
from audit.models import Verification
from audit.verification import begin, go_on
from portal.access import fetch_or_refuse, requires
from portal.htmx import HtmxRequest, SeeOther, page_or_part
from portal.presenters.integrity import Integrity, VerificationShown
from portal.roles import May
from portal.verification_form import VerificationForm

STEP_SECONDS = 0.3  # so that other pages hardly wait
STEP_SECONDS_BY_HAND = 5.0  # for browsers without scripts, where somebody presses a button each time
ABANDONED_AFTER = timedelta(hours=1)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.VERIFY_AUDIT)
def verify(request: HtmxRequest) -> HttpResponse:
    """How the trail stands, and a button that checks it. The check itself is done by `go_further`."""
    form = VerificationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        began = begin(asked_by=request.initiator, fingerprint=form.cleaned_data["fingerprint"])
        return SeeOther(reverse("audit_verification", args=[began.pk]))
    context = {"form": form, "integrity": Integrity.now(), "shown": _latest(request)}
    return page_or_part(
        request, "portal/audit/verify.html", "verification", context, status=422 if form.is_bound else 200
    )


@require_safe
@requires(May.VERIFY_AUDIT)
def result(request: HtmxRequest, verification_id: UUID) -> HttpResponse:
    """One check: how far it has come, or what it came to."""
    verification = fetch_or_refuse(Verification.objects.all(), pk=verification_id)
    return _page(request, verification)


@require_POST
@requires(May.VERIFY_AUDIT)
def go_further(request: HtmxRequest, verification_id: UUID) -> HttpResponse:
    """The next piece of one's own check; when it was the last, that is an entry."""
    verification = fetch_or_refuse(_own(request), pk=verification_id)
    seconds = STEP_SECONDS if request.htmx else STEP_SECONDS_BY_HAND
    return _page(request, go_on(verification, by=request.initiator, seconds=seconds))


@require_safe
@requires()
def format_page(request: HtmxRequest) -> HttpResponse:
    """The format, exactly enough that somebody else can write a verifier."""
    return page_or_part(request, "portal/audit/format.html", "format", {"key": Integrity.now().key})


@require_safe
@requires()
def script(request: HtmxRequest) -> HttpResponse:
    """The stand-alone verifier itself, as it also lies in every bundle."""
    response = HttpResponse(Path(verifier.__file__).read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verifier.py"'
    return response


def _page(request: HtmxRequest, verification: Verification) -> HttpResponse:
    shown = VerificationShown(
        verification=verification, is_own=verification.initiator_id == str(request.user.pk)
    )
    context = {"form": VerificationForm(), "integrity": Integrity.now(), "shown": shown}
    return page_or_part(request, "portal/audit/verify.html", "verification", context)


def _latest(request: HtmxRequest) -> VerificationShown | None:
    """One's own check that still runs, else the last one that came to its end, whoever asked."""
    began_after = timezone.now() - ABANDONED_AFTER
    running = _own(request).filter(finished_at__isnull=True, started_at__gte=began_after)
    found = running.order_by("started_at").last() or Integrity.now().last
    return (
        VerificationShown(verification=found, is_own=found.initiator_id == str(request.user.pk))
        if found
        else None
    )


def _own(request: HtmxRequest) -> QuerySet[Verification]:
    return Verification.objects.filter(initiator_id=str(request.user.pk))
