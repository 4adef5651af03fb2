"""What is typed under the report of a project that ended."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from sessions_app.changes.report_signing import LONGEST_NOTE, SHORTEST_NOTE


class SignOffForm(forms.Form):
    """`seen` is the SHA-256 of the report that was on the page: exactly that is signed."""

    seen = forms.CharField(widget=forms.HiddenInput, validators=[RegexValidator(r"\A[0-9a-f]{64}\Z")])
    note = forms.CharField(
        label=_("What you looked at, and what you make of it"),
        min_length=SHORTEST_NOTE,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
