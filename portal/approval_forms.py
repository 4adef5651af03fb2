"""What people type where two decide: a note, a reason for going alone, a verdict."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions_app.changes.approvals import SHORTEST_NOTE
from sessions_app.models import ReviewVerdict

LONGEST_NOTE = 1000


class DecisionForm(forms.Form):
    """Approve or decline; which of the two says the button. Declining needs the note."""

    note = forms.CharField(
        label=_("Note"),
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed to decline. Kept in the record."),
        error_messages={"required": _("Say why you decline.")},
    )

    def __init__(self, *args: Any, is_note_needed: bool = False, **options: Any) -> None:
        super().__init__(*args, **{**options, "auto_id": "decision_%s"})
        if is_note_needed:
            self.fields["note"].required = True
            self.fields["note"].min_length = SHORTEST_NOTE  # type: ignore[attr-defined]  # a CharField


class AloneForm(forms.Form):
    """Why Security goes alone."""

    reason = forms.CharField(
        label=_("Why it cannot wait for a second person"),
        min_length=SHORTEST_NOTE,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Read by whoever reviews it. Kept in the record."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "auto_id": "alone_%s"})


class ReviewForm(forms.Form):
    """Whether going alone was justified, and what led to that."""

    verdict = forms.ChoiceField(label=_("Verdict"), choices=ReviewVerdict.choices, widget=forms.RadioSelect)
    review_note = forms.CharField(
        label=_("What you found"),
        min_length=SHORTEST_NOTE,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept in the record."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "auto_id": "review_%s"})
