"""Views of the trail kept under a name: one's own, and what others share."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import fetch_or_refuse, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.models import SavedView
from portal.presenters.audit_filter import AuditQuestion
from portal.presenters.saved_views import view_rows
from portal.roles import May
from portal.saved_view_form import SavedViewForm
from portal.saved_views import TooManyViews, delete_view, save_view, switch_sharing

LISTED_AT_MOST = 200


@require_safe
@requires(May.SEE_AUDIT)
def listing(request: HtmxRequest) -> HttpResponse:
    """Every view open to the reader; only one's own can be changed."""
    found = SavedView.objects.open_to(request.user).select_related("owner")[:LISTED_AT_MOST]
    context = {"views": view_rows(found, request.user)}
    return page_or_part(request, "portal/audit/views.html", "views", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SEE_AUDIT)
def save(request: HtmxRequest) -> HttpResponse:
    """Keep the filters in the address under a name."""
    question = AuditQuestion.read(request.user, request.GET)
    form = SavedViewForm(request.POST or None, initial={"line": question.line})
    if form.is_valid() and _is_saved(request, form):
        messages.info(request, _("Saved as “%s”.") % form.cleaned_data["name"])
        return go_to(request, f"{reverse('audit')}?{form.question(request.user).encoded}")
    context = {"form": form, "question": question}
    status = 422 if form.is_bound else 200
    return page_or_part(request, "portal/audit/view_save.html", "save", context, status=status)


@require_POST
@requires(May.SEE_AUDIT)
def share(request: HtmxRequest, view_id: int) -> HttpResponse:
    """Show one's own view to others, or not any more."""
    view = fetch_or_refuse(SavedView.objects.of(request.user), pk=view_id)
    switch_sharing(view, is_shared=request.POST.get("shared") == "on", by=request.initiator)
    return go_to(request, reverse("audit_views"))


@require_POST
@requires(May.SEE_AUDIT)
def delete(request: HtmxRequest, view_id: int) -> HttpResponse:
    """Delete one's own view."""
    view = fetch_or_refuse(SavedView.objects.of(request.user), pk=view_id)
    delete_view(view, by=request.initiator)
    messages.info(request, _("Deleted the view “%s”.") % view.name)
    return go_to(request, reverse("audit_views"))


def _is_saved(request: HtmxRequest, form: SavedViewForm) -> bool:
    chosen = form.cleaned_data
    try:
        save_view(
            request.user,
            name=chosen["name"],
            line=chosen["line"],
            is_shared=chosen["is_shared"],
            by=request.initiator,
        )
    except TooManyViews:
        form.add_error(None, _("You keep as many views as anybody may. Delete one of them first."))
        return False
    return True
