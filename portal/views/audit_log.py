"""The trail, newest first, as far as one's role may read it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from audit.errors import BadCursor
from audit.search import page
from portal.access import fetch_or_refuse, requires
from portal.audit_scope import entries_for
from portal.htmx import HtmxRequest, page_or_part
from portal.presenters.audit_entries import rows_for
from portal.presenters.audit_filter import AuditFilter, AuditQuestion
from portal.roles import May

SIZE = 50


@require_safe
@requires(May.SEE_AUDIT)
def listing(request: HtmxRequest) -> HttpResponse:
    """Fifty entries at a time; the address holds every filter."""
    question = AuditQuestion(reader=request.user, chosen=AuditFilter.read(request.GET))
    try:
        found = page(question.entries().with_subjects(), after=request.GET.get("after") or None, size=SIZE)
    except BadCursor:
        return HttpResponseRedirect(request.path + question.chosen.address())
    context = {
        "question": question,
        "rows": rows_for(request.user, found.rows),
        "next": found.next,
        "is_first": not request.GET.get("after"),
    }
    return page_or_part(request, "portal/audit/list.html", "entries", context)


@require_safe
@requires(May.SEE_AUDIT)
def detail(request: HtmxRequest, entry_id: int) -> HttpResponse:
    """One entry with all its fields."""
    return page_or_part(request, "portal/audit/detail.html", "entry", _context(request, entry_id))


@require_safe
@requires(May.SEE_AUDIT)
def row(request: HtmxRequest, entry_id: int) -> HttpResponse:
    """The row closed again. Without htmx there is nothing to close, so the page itself."""
    if not request.htmx:
        return redirect("audit_entry", entry_id=entry_id)
    return page_or_part(request, "portal/audit/row.html", "row", _context(request, entry_id))


def _context(request: HtmxRequest, entry_id: int) -> dict[str, Any]:
    entry = fetch_or_refuse(entries_for(request.user).with_subjects(), pk=entry_id)
    (shown,) = rows_for(request.user, [entry])
    return {"row": shown}
