"""When and why a project ends, as people type it; and the reasons of what follows an ending."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.presenters.words import clean
from sessions_app.changes.end_project import LATEST
from sessions_app.changes.errors import ValuesRefused
from sessions_app.changes.zones import LocalMoment, moment_of
from sessions_app.models import Project
from sessions_app.models.moments import database_now
from sessions_app.revocation.rules import TICKET

NOW, LATER = "now", "later"


class WhenForm(forms.Form):
    """Now, or on a day at a time as clocks in the project's zone show them."""

    choice = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[(NOW, gettext_lazy("Now")), (LATER, gettext_lazy("At a moment"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose when.")},
    )
    day = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    time = forms.TimeField(
        label=gettext_lazy("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(self, data: Any = None, *, project: Project, initial: dict[str, str] | None = None) -> None:
        self.project = project
        self.moment: LocalMoment | None = None
        super().__init__(data, initial={"choice": NOW, **(initial or {})})

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if cleaned.get("choice") != LATER or self.errors:
            return cleaned
        day, time = cleaned.get("day"), cleaned.get("time")
        if not day or not time:
            self.add_error("time" if day else "day", _("Say the day and the time."))
            return cleaned
        try:
            self.moment = moment_of(day, time, self.project.time_zone)
        except ValuesRefused as refusal:
            self.add_error("day", str(refusal.problems[0][1]))
        else:
            self._check(self.moment)
        return cleaned

    def _check(self, moment: LocalMoment) -> None:
        now = database_now()
        if moment.at <= now:
            self.add_error("day", _("This moment has passed. Choose now, or a later one."))
        elif moment.at > now + LATEST:
            self.add_error("day", _("A project is ended at most a year ahead."))
        elif moment.at >= self.project.ends_at:
            self.add_error("day", _("By then the project has ended by its own end date."))

    @property
    def typed(self) -> dict[str, str]:
        """As it is kept, to be shown again."""
        return {name: str(self[name].data or "")[:20] for name in self.fields}


class WhyForm(forms.Form):
    """Ticket and note, and the project's name typed: nobody ends the wrong project by a slip."""

    ticket = forms.CharField(
        label=gettext_lazy("Ticket"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("A reference such as PRJ-2231."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept in the record."),
    )
    typed = forms.CharField(
        max_length=200,
        error_messages={"required": gettext_lazy("Type the name of the project, so that it is this one.")},
    )

    def __init__(self, data: Any = None, *, project: Project, initial: dict[str, str] | None = None) -> None:
        self.project = project
        super().__init__(data, initial=initial)
        self.fields["typed"].label = _("Type %s to go on") % clean(project.name)
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_ticket(self) -> str:
        ticket: str = self.cleaned_data["ticket"]
        if ticket and not TICKET.fullmatch(ticket):
            raise forms.ValidationError(
                _("A ticket is a reference such as PRJ-2231: letters, digits and - _ . / # : only.")
            )
        return ticket

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        names = {_folded(clean(self.project.name)), _folded(self.project.key)}
        if _folded(typed) not in names:
            raise forms.ValidationError(_("That is not the name of this project."))
        return typed

    @property
    def kept(self) -> dict[str, str]:
        return {name: str(self[name].data or "") for name in self.fields}


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
