"""The trail, newest first, as far as one's role may read it."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from audit.errors import BadCursor
from portal.access import fetch_or_refuse, may, requires
from portal.audit_scope import entries_for
from portal.htmx import HtmxRequest, page_or_part
from portal.models import SavedView
from portal.moments import TimesShown, keep_times, times_of
from portal.presenters.audit_entries import rows_for
from portal.presenters.audit_filter import AuditQuestion
from portal.presenters.audit_record import AuditRecord
from portal.presenters.integrity import Integrity
from portal.roles import May
from portal.views.theme import local_path

SIZE = 50
MENU_AT_MOST = 20


@require_safe
@requires(May.SEE_AUDIT)
def listing(request: HtmxRequest) -> HttpResponse:
    """Fifty entries at a time; the address holds every filter."""
    question = AuditQuestion.read(request.user, request.GET)
    try:
        found = question.page(after=request.GET.get("after") or None, size=SIZE)
    except BadCursor:
        return HttpResponseRedirect(f"{request.path}?{question.encoded}")
    context = {
        "question": question,
        "rows": rows_for(request.user, found.rows),
        "next": found.next,
        "is_first": not request.GET.get("after"),
        "views": SavedView.objects.open_to(request.user)[:MENU_AT_MOST],
        "times": times_of(request),
        "may_export": may(request.user, May.EXPORT_AUDIT),
        "may_build": may(request.user, May.BUILD_EVIDENCE),
        "integrity": Integrity.now() if may(request.user, May.VERIFY_AUDIT) else None,
    }
    return page_or_part(request, "portal/audit/list.html", "entries", context)


@require_safe
@requires(May.SEE_AUDIT)
def detail(request: HtmxRequest, entry_id: int) -> HttpResponse:
    """One entry with all its fields, and what lies around it."""
    return page_or_part(request, "portal/audit/detail.html", "entry", _context(request, entry_id))


@require_safe
@requires(May.SEE_AUDIT)
def row(request: HtmxRequest, entry_id: int) -> HttpResponse:
    """The row closed again. Without htmx there is nothing to close, so the page itself."""
    if not request.htmx:
        return redirect("audit_entry", entry_id=entry_id)
    return page_or_part(request, "portal/audit/row.html", "row", _context(request, entry_id))


@require_POST
@requires(May.SEE_AUDIT)
def choose_times(request: HtmxRequest) -> HttpResponse:
    """Keep how times are shown, and go back where the reader came from, if that is a path of this portal."""
    try:
        chosen = TimesShown(request.POST.get("times", ""))
    except ValueError:
        return HttpResponseBadRequest()
    return keep_times(HttpResponseRedirect(local_path(request.POST.get("next", ""))), chosen)


def _context(request: HtmxRequest, entry_id: int) -> dict[str, object]:
    entry = fetch_or_refuse(entries_for(request.user).with_subjects(), pk=entry_id)
    record = AuditRecord(reader=request.user, entry=entry)
    return {"record": record, "row": record.row}
