"""Adding people to a project: typed or as a CSV, understood, looked at, and then added."""

from __future__ import annotations

import csv
from typing import Any
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions_app.changes.project_members import MOST_AT_ONCE
from sessions_app.models import Group, User

LARGEST_FILE = 256 * 1024
LONGEST_LINE = 200
HEADS = frozenset(
    {
        "username", "user name", "user_name", "email", "e-mail", "employee number", "employee_number",
        "external_id", "name",
    }
)  # fmt: skip
SEPARATORS = ",;\t"


class MembersForm(forms.Form):
    """The first step: names, one a line, or a file whose first column has them. Nothing is changed by it."""

    group = forms.ModelChoiceField(
        label=gettext_lazy("By the group"), queryset=Group.objects.none(), empty_label=None
    )
    names = forms.CharField(
        label=gettext_lazy("People"),
        required=False,
        max_length=MOST_AT_ONCE * (LONGEST_LINE + 2),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("One per line: user name, e-mail or employee number. At most 400."),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a CSV file"),
        required=False,
        help_text=gettext_lazy(
            "UTF-8, at most 256 KB. The first column has the names; a row of heads is skipped."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )

    def __init__(self, data: Any = None, files: Any = None, *, groups: QuerySet[Group]) -> None:
        super().__init__(data, files, initial={"group": groups.first()})
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]  # a choice of rows

    def clean_file(self) -> str:
        """The text of it."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if (file.size or 0) > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 256 KB."))
        try:
            return str(file.read(), "utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The file is not UTF-8.")) from error

    def clean(self) -> dict[str, Any]:
        """Leaves `lines`: pairs of a line's number and its name."""
        said = super().clean() or self.cleaned_data
        if self.errors:
            return said
        if bool(said["names"].strip()) == bool(said["file"].strip()):
            raise forms.ValidationError(_("Type names or choose a file, one of the two."))
        said["lines"] = names_of(said["names"] or said["file"])
        if not said["lines"]:
            raise forms.ValidationError(_("There is no name in it."))
        if len(said["lines"]) > MOST_AT_ONCE:
            raise forms.ValidationError(_("At most 400 people at once; these are more."))
        return said


class ChosenMembersForm(forms.Form):
    """The second step: exactly these people, by the ids that the first step understood."""

    group = forms.ModelChoiceField(queryset=Group.objects.none(), widget=forms.HiddenInput)
    person = forms.MultipleChoiceField(widget=forms.MultipleHiddenInput)

    def __init__(self, data: Any = None, *, groups: QuerySet[Group]) -> None:
        super().__init__(data)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]  # a choice of rows
        keys = data.getlist("person")[: MOST_AT_ONCE + 1] if data is not None else []
        self.fields["person"].choices = [(key, key) for key in keys if _is_id(key)]  # type: ignore[attr-defined]  # a choice field

    @property
    def people(self) -> list[User]:
        return list(User.objects.filter(pk__in=self.cleaned_data["person"], erased_at=None).order_by("pk"))


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def names_of(text: str) -> list[tuple[int, str]]:
    """The first cell of every line that has one, without a row of heads. Lines count from 1, as editors do."""
    lines = text.splitlines()
    found = [(number, _first_cell(line)) for number, line in enumerate(lines, start=1)]
    named = [(number, name) for number, name in found if name]
    if named and named[0][1].lower() in HEADS:
        named = named[1:]
    return named


def _first_cell(line: str) -> str:
    separator = next((sign for sign in SEPARATORS if sign in line), ",")
    cells = next(csv.reader([line[: 10 * LONGEST_LINE]], delimiter=separator), [])
    return cells[0].strip()[: LONGEST_LINE + 1] if cells else ""
