"""This was the wrong person: saying so, and what IT and Security decide."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, requires, revocations_for
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.presenters.corrections import CorrectionNews, Corrections
from portal.presenters.receipt_many import receipt_for
from portal.presenters.refusals import status_of
from portal.recent_sign_in import initial_before, recently_signed_in
from portal.roles import May
from portal.wrong_person_form import DeclineForm, GiveBackForm, WrongPersonForm
from sessions_app.changes import wrong_person
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models.receipts import read_receipt
from sessions_app.revocation.errors import OrderRefused

SAY = "portal/revocations/wrong_person.html"
GIVE_BACK = "portal/revocations/give_back.html"
DECLINE = "portal/revocations/right_person.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SEE_REVOCATIONS, May.SAY_WRONG_PERSON)
def say(request: HtmxRequest, number: str) -> HttpResponse:
    """Who it was and what happened; IT and Security are asked."""
    corrections = _corrections(request, number)
    if not corrections.people:
        messages.info(
            request, _("Of nobody in this receipt can that be said by you, or it was said already.")
        )
        return go_to(request, corrections.receipt.url)
    form = WrongPersonForm(request.POST or None, people=corrections.people)
    context = {"corrections": corrections, "form": form}
    if not form.is_valid():
        return page_or_part(
            request, SAY, "wrong-person-dialog", context, status=422 if form.is_bound else 200
        )
    user = next(user for user in corrections.people if str(user.pk) == form.cleaned_data["person"])
    try:
        wrong_person.say_wrong_person(
            corrections.receipt.revocation, user, by=request.initiator, why=form.cleaned_data["why"]
        )
    except (ChangeRefused, OrderRefused) as refusal:
        form.add_error(None, str(refusal))
        return page_or_part(request, SAY, "wrong-person-dialog", context, status=status_of(refusal))
    messages.info(request, _("IT and Security are asked to give it back."))
    return go_to(request, corrections.receipt.url)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SEE_REVOCATIONS, May.ALLOW_SIGN_IN_AGAIN)
@recently_signed_in
def give_back(request: HtmxRequest, number: str, correction_id: UUID) -> HttpResponse:
    """What is given back and what cannot be; then it is."""
    news = _news(request, number, correction_id)
    form = GiveBackForm(request.POST if request.method == "POST" else None, initial=initial_before(request))
    context = {"news": news, "form": form}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return page_or_part(request, GIVE_BACK, "give-back-dialog", context, status=status)
    try:
        wrong_person.give_back(news.correction, by=request.initiator, note=form.cleaned_data["note"])
    except (ChangeRefused, OrderRefused) as refusal:
        form.add_error(None, str(refusal))
        return page_or_part(request, GIVE_BACK, "give-back-dialog", context, status=status_of(refusal))
    messages.info(request, _("Given back. Old tokens stay dead."))
    return go_to(request, news.receipt.url)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SEE_REVOCATIONS, May.ALLOW_SIGN_IN_AGAIN)
def decline(request: HtmxRequest, number: str, correction_id: UUID) -> HttpResponse:
    """It was the right person, with the reason."""
    news = _news(request, number, correction_id)
    form = DeclineForm(request.POST or None)
    context = {"news": news, "form": form}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return page_or_part(request, DECLINE, "right-person-dialog", context, status=status)
    try:
        wrong_person.decline(news.correction, by=request.initiator, note=form.cleaned_data["note"])
    except (ChangeRefused, OrderRefused) as refusal:
        form.add_error(None, str(refusal))
        return page_or_part(request, DECLINE, "right-person-dialog", context, status=status_of(refusal))
    return go_to(request, news.receipt.url)


def _corrections(request: HtmxRequest, number: str) -> Corrections:
    known = read_receipt(number)
    if known is None:
        raise Http404
    revocation = fetch_or_refuse(
        revocations_for(request.user).select_related("initiator_user"), receipt=known
    )
    return Corrections(receipt_for(revocation, request.user))


def _news(request: HtmxRequest, number: str, correction_id: UUID) -> CorrectionNews:
    """Only of a person whom the reader may let sign in again; all others do not exist."""
    news = _corrections(request, number).one(correction_id)
    if news is None or (news.is_waiting and not news.may_decide):
        raise Http404
    return news
