"""What can be chosen about a file: its form, and whether notes go into it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.exports.forms import Form


class ExportForm(forms.Form):
    form = forms.ChoiceField(label=_("Form"), choices=Form.choices)
    notes = forms.BooleanField(label=_("With notes"), required=False)

    @property
    def chosen(self) -> Form:
        return Form(self.cleaned_data["form"])
