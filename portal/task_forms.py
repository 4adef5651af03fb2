"""How somebody knows that a task is done, and why it has to be done again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.presenters.tasks import TaskPage
from sessions_app.changes.steps import LONGEST_EVIDENCE, SHORTEST_EVIDENCE

EVERYBODY = "all"


class EvidenceForm(forms.Form):
    """For whom: the ticked ones, or everybody who is left; and how whoever did it knows."""

    evidence = forms.CharField(
        label=gettext_lazy("How do you know?"),
        min_length=SHORTEST_EVIDENCE,
        max_length=LONGEST_EVIDENCE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What you did and what you saw afterwards. Kept in the record."),
    )

    def __init__(self, data: Any = None, *, page: TaskPage) -> None:
        self.page = page
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        if not self.chosen:
            raise forms.ValidationError(_("Choose for whom it is done."))
        return self.cleaned_data

    @property
    def chosen(self) -> list[UUID]:
        """Only those that belong to this task, whatever was sent."""
        open_steps = [step.pk for step in self.page.open_steps]
        if EVERYBODY in self.data or self.page.is_of_the_whole:
            return open_steps
        ticked = set(self.data.getlist("step"))  # type: ignore[attr-defined]  # a QueryDict once bound
        return [pk for pk in open_steps if str(pk) in ticked]


class ReopenForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        min_length=SHORTEST_EVIDENCE,
        max_length=LONGEST_EVIDENCE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the record, beside what was said when it was marked done."),
    )
