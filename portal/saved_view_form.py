"""The form under which filters of the trail are kept."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.query import AuditQuery
from audit.query_terms import LONGEST_LINE
from portal.models import LONGEST_NAME
from portal.presenters.audit_filter import AuditQuestion
from sessions_app.changes.texts import shown
from sessions_app.models import User


class SavedViewForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME)
    line = forms.CharField(
        label=gettext_lazy("Filters"),
        max_length=LONGEST_LINE,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("As in the search line. Nothing for everything of the last 30 days."),
    )
    is_shared = forms.BooleanField(
        label=gettext_lazy("Shared"),
        required=False,
        help_text=gettext_lazy(
            "Everybody who may browse the trail sees the view, and in it what their own role reads."
        ),
    )

    def clean_name(self) -> str:
        name = shown(self.cleaned_data["name"], limit=LONGEST_NAME)
        if not name:
            raise forms.ValidationError(_("This name cannot be read."))
        return name

    def clean_line(self) -> str:
        line = " ".join(self.cleaned_data["line"].replace("\x00", "").split())
        problem = AuditQuery(line=line).problem
        if problem:
            raise forms.ValidationError(problem)
        return line

    def question(self, reader: User) -> AuditQuestion:
        """What this valid form keeps, as the page asks it."""
        asked = QueryDict(mutable=True)
        asked["q"] = self.cleaned_data["line"]
        return AuditQuestion.read(reader, asked)
