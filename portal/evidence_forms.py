"""The forms of the evidence pack: HR's list, an explanation, and what decides the sample."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

from audit.evidence.leavers import LARGEST_FILE, Days
from audit.evidence.lists import Origin
from audit.evidence.pack import MOST_SAMPLED

LONGEST_PERIOD_DAYS = 3 * 366
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def day_field(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
        **options,
    )


class LeaverListForm(forms.Form):
    file = forms.FileField(
        label=_("HR's list of leavers, as CSV"),
        max_length=200,
        help_text=_(
            "UTF-8. Columns: left_on, and at least one of external_id, employee_number, email, username; "
            "name if there is one."
        ),
    )
    source = forms.CharField(label=_("From which system"), max_length=200, help_text=_("Such as Workday."))
    query = forms.CharField(
        label=_("By which query or report"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("So that somebody else can draw the list again."),
    )
    first_day = day_field(_("First day of the period"))
    last_day = day_field(_("Last day of the period"))
    allowed_hours = forms.IntegerField(
        label=_("Hours allowed after the last day"),
        min_value=0,
        max_value=24 * 90,
        initial=24,
        help_text=_("Days end at midnight, UTC."),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 5 MB."))
        return file

    def clean(self) -> dict[str, Any] | None:
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and not 0 <= (last - first).days <= LONGEST_PERIOD_DAYS:
            self.add_error("last_day", _("A period is one day to three years, and ends after it begins."))
        return self.cleaned_data

    @property
    def period(self) -> Days:
        return Days(first=self.cleaned_data["first_day"], last=self.cleaned_data["last_day"])

    @property
    def origin(self) -> Origin:
        return Origin(source=self.cleaned_data["source"], query=self.cleaned_data["query"])

    @property
    def content(self) -> bytes:
        content: bytes = self.cleaned_data["file"].read()
        return content


class ExplanationForm(forms.Form):
    row = forms.CharField(max_length=600, widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("Why this is no failure, or what was done"),
        min_length=10,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PackForm(forms.Form):
    seed = forms.CharField(
        label=_("Seed"),
        max_length=64,
        validators=[RegexValidator(r"\A[A-Za-z0-9._-]+\Z", _("Letters, digits, dots and dashes only."))],
        help_text=_("The same seed draws the same sample."),
    )
    size = forms.IntegerField(label=_("Size of the sample"), min_value=1, max_value=MOST_SAMPLED, initial=25)
    as_of = day_field(_("Roles and settings at the end of"))

    @classmethod
    def with_new_seed(cls, as_of: date) -> PackForm:
        return cls(initial={"seed": secrets.token_hex(8), "as_of": as_of, "size": 25})


class AsOfForm(forms.Form):
    as_of = day_field(_("At the end of"), required=False)
