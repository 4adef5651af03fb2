"""What waits for a second person: the list, the question, and the answers to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.access import approvals_for, fetch_or_refuse, requires
from portal.approval_forms import AloneForm, DecisionForm, ReviewForm
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.approval import ApprovalPage
from portal.presenters.approvals import ApprovalFilter, ApprovalsPage
from portal.presenters.refusals import status_of
from portal.recent_sign_in import Proof, ask_for_proof, typed_before
from portal.roles import May
from sessions_app.changes import approvals
from sessions_app.changes.errors import ApprovalOver, ChangeRefused
from sessions_app.models import Approval, ReviewVerdict
from sessions_app.revocation.errors import OrderRefused

PAGE = "portal/approvals/approval.html"


@require_safe
@requires(May.SEE_APPROVALS)
def listing(request: HtmxRequest) -> HttpResponse:
    """What waits, what is to be reviewed, what was decided."""
    context = {"page": ApprovalsPage(request.user, ApprovalFilter.read(request.GET))}
    return page_or_part(request, "portal/approvals/approvals.html", "approvals", context)


@require_safe
@requires(May.SEE_APPROVALS)
def detail(request: HtmxRequest, approval_id: UUID) -> HttpResponse:
    """One request; with what was typed before somebody had to prove who they are."""
    approval = _fetch(request, approval_id)
    typed = typed_before(request)
    return _show(
        request,
        approval,
        decision=DecisionForm(initial=_initial(typed)),
        alone=AloneForm(initial=_initial(typed)),
        review=ReviewForm(initial=_initial(typed)),
    )


@require_POST
@requires(May.APPROVE)
def approve(request: HtmxRequest, approval_id: UUID) -> HttpResponse:
    """Agree, and with it carry out what was asked."""
    approval = _fetch(request, approval_id)
    asked = ask_for_proof(request, Proof.SECOND_FACTOR, back=_address(approval))
    if asked is not None:
        return asked
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _show(request, approval, decision=form, status=422)
    deed = partial(approvals.approve, approval, by=request.initiator, note=form.cleaned_data["note"])
    return _carry_out(request, approval, deed, _("Approved and carried out."))


@require_POST
@requires(May.APPROVE)
def decline(request: HtmxRequest, approval_id: UUID) -> HttpResponse:
    """Say no, and why."""
    approval = _fetch(request, approval_id)
    asked = ask_for_proof(request, Proof.SIGN_IN, back=_address(approval))
    if asked is not None:
        return asked
    form = DecisionForm(request.POST, is_note_needed=True)
    if not form.is_valid():
        return _show(request, approval, decision=form, status=422)
    deed = partial(approvals.decline, approval, by=request.initiator, note=form.cleaned_data["note"])
    return _carry_out(request, approval, deed, _("Declined. Nothing was done."))


@require_POST
@requires(May.SEE_APPROVALS)
def withdraw(request: HtmxRequest, approval_id: UUID) -> HttpResponse:
    """Take back one's own request."""
    approval = _fetch(request, approval_id)
    deed = partial(approvals.withdraw, approval, by=request.initiator)
    return _carry_out(request, approval, deed, _("Withdrawn. Nothing was done."))


@require_POST
@requires(May.BREAK_GLASS)
def break_glass(request: HtmxRequest, approval_id: UUID) -> HttpResponse:
    """Go alone; somebody else reviews it."""
    approval = _fetch(request, approval_id)
    asked = ask_for_proof(request, Proof.SECOND_FACTOR, back=_address(approval))
    if asked is not None:
        return asked
    form = AloneForm(request.POST)
    if not form.is_valid():
        return _show(request, approval, alone=form, status=422)
    deed = partial(approvals.break_glass, approval, by=request.initiator, reason=form.cleaned_data["reason"])
    return _carry_out(
        request, approval, deed, _("Carried out without a second person. It is to be reviewed by tomorrow.")
    )


@require_POST
@requires(May.APPROVE)
def review(request: HtmxRequest, approval_id: UUID) -> HttpResponse:
    """Say of what was done alone whether it was justified."""
    approval = _fetch(request, approval_id)
    asked = ask_for_proof(request, Proof.SIGN_IN, back=_address(approval))
    if asked is not None:
        return asked
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _show(request, approval, review=form, status=422)
    said = form.cleaned_data
    deed = partial(
        approvals.review,
        approval,
        by=request.initiator,
        verdict=ReviewVerdict(said["verdict"]),
        note=said["review_note"],
    )
    return _carry_out(request, approval, deed, _("Reviewed."))


def _carry_out(
    request: HtmxRequest, approval: Approval, deed: Callable[[], Approval], done: str
) -> HttpResponse:
    """To the receipt where there is one to read, else back to the request."""
    try:
        decided = deed()
    except ApprovalOver as refusal:
        messages.warning(request, str(refusal))
        return go_to(request, _address(approval))
    except (ChangeRefused, OrderRefused) as refusal:
        return _show(request, _fetch(request, approval.pk), refusal=str(refusal), status=status_of(refusal))
    messages.info(request, done)
    return go_to(request, _address(decided))


def _show(
    request: HtmxRequest,
    approval: Approval,
    *,
    status: int = 200,
    refusal: str = "",
    decision: DecisionForm | None = None,
    alone: AloneForm | None = None,
    review: ReviewForm | None = None,
) -> HttpResponse:
    context = {
        "page": ApprovalPage(approval, request.user),
        "refusal": refusal,
        "decision": decision or DecisionForm(),
        "alone": alone or AloneForm(),
        "review": review or ReviewForm(),
    }
    return page_or_part(request, PAGE, "approval", context, status=status)


def _initial(typed: QueryDict | None) -> dict[str, str]:
    return {name: str(value) for name, value in typed.items()} if typed else {}


def _fetch(request: HtmxRequest, approval_id: UUID) -> Approval:
    related = approvals_for(request.user).select_related(
        "asked_by", "decided_by", "reviewed_by", "person", "project", "revocation"
    )
    return fetch_or_refuse(related, pk=approval_id)


def _address(approval: Approval) -> str:
    return reverse("approval", args=[approval.pk])
