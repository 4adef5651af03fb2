"""Unmasking one entry: asked for with a purpose, shown once, recorded before it is shown."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from portal.access import fetch_or_refuse, requires
from portal.audit_scope import entries_for
from portal.htmx import HtmxRequest, page_or_part
from portal.presenters.audit_record import AuditRecord
from portal.roles import May
from portal.unmasking import note_unmasking

SHORTEST_PURPOSE = 10


class PurposeForm(forms.Form):
    purpose = forms.CharField(
        label=_("What do you need it for?"),
        min_length=SHORTEST_PURPOSE,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("Nothing is unmasked without a purpose."),
            "min_length": _("Say it in at least %(limit_value)d characters, so that others can judge it."),
        },
        help_text=_("Kept in the record. The person concerned sees that you looked, not why."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.SEE_AUDIT, May.UNMASK_DETAILS)
def unmask(request: HtmxRequest, entry_id: int) -> HttpResponse:
    """The answer to the form is the record with its details, this once: its own address shows them masked again."""
    entry = fetch_or_refuse(entries_for(request.user).with_subjects(), pk=entry_id)
    record = AuditRecord(reader=request.user, entry=entry)
    if not record.masked_kinds:
        return redirect("audit_entry", entry_id=entry_id)
    form = PurposeForm(request.POST or None)
    if form.is_valid():
        purpose = form.cleaned_data["purpose"]
        noted = note_unmasking(entry, kinds=record.masked_kinds, purpose=purpose, by=request.initiator)
        shown = AuditRecord(reader=request.user, entry=entry, is_unmasked=True)
        context = {"record": shown, "row": shown.row, "noted": noted}
        return page_or_part(request, "portal/audit/detail.html", "entry", context)
    context = {"record": record, "form": form}
    status = 422 if form.is_bound else 200
    return page_or_part(request, "portal/audit/unmask.html", "unmask", context, status=status)
