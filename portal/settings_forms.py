"""The forms of settings: what an operator types, on its way to the named changes that store it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions_app.changes.errors import ChangeRefused, ValuesRefused
from sessions_app.changes.roles import EntriesPeriod, Population
from sessions_app.models import Application, EnforcementPoint, Role, Scope
from sessions_app.models.roles import PopulationKind

LIFETIMES = [("7", _("7 days")), ("30", _("30 days")), ("90", _("90 days, the longest"))]


class LinesField(forms.CharField):
    """A list of texts, one per line."""

    def __init__(self, *, rows: int = 2, **options: Any) -> None:
        options.setdefault("max_length", 20_000)
        super().__init__(widget=forms.Textarea(attrs={"rows": rows, "spellcheck": "false"}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return [line.strip() for line in str(text).splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != (initial or []))


def say_refusal(
    form: forms.BaseForm, refusal: ChangeRefused, *, fields: dict[str, str] | None = None
) -> None:
    """Put a refusal on the form: each problem at its field where the form has it, else above all of them."""
    problems: Iterable[tuple[str | None, object]] = [(None, str(refusal))]
    if isinstance(refusal, ValuesRefused):
        problems = refusal.problems
    for name, sentence in problems:
        known = (fields or {}).get(name or "", name)
        form.add_error(known if known in form.fields else None, str(sentence))


# --- Roles ----------------------------------------------------------------------------------------


class GrantForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    population_kind = forms.ChoiceField(label=_("For whom"), choices=PopulationKind.choices)
    population_value = forms.CharField(
        label=_("Which one"),
        max_length=200,
        widget=forms.TextInput(attrs={"list": "populations", "autocomplete": "off"}),
        required=False,
        help_text=_(
            "Exactly as people have it: DE, Finance, Northwind GmbH; of a project its key. Nothing for everybody."
        ),
    )
    until = forms.DateField(
        label=_("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("UTC. Nothing for no end."),
    )
    entries_from = forms.DateField(
        label=_("Entries from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_(
            "For an auditor from outside: the role then opens this period of the trail, and nothing else."
        ),
    )
    entries_until = forms.DateField(
        label=_("Entries until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("UTC. With a period, the role needs an end of its own above."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=500)

    def population(self) -> Population:
        """For whom; raises ValuesRefused where kind and value do not go together."""
        chosen = self.cleaned_data
        return Population(kind=PopulationKind(chosen["population_kind"]), value=chosen["population_value"])

    def expires_at(self) -> datetime | None:
        """Midnight after the last day."""
        return _end_of(self.cleaned_data["until"])

    def period(self) -> EntriesPeriod:
        """Which stretch of the trail; raises ValuesRefused where it ends before it begins."""
        first: date | None = self.cleaned_data["entries_from"]
        since = datetime.combine(first, time(0), tzinfo=UTC) if first else None
        return EntriesPeriod(since=since, until=_end_of(self.cleaned_data["entries_until"]))


def _end_of(last_day: date | None) -> datetime | None:
    return datetime.combine(last_day, time(0), tzinfo=UTC) + timedelta(days=1) if last_day else None


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500)


# --- Applications and enforcement points ------------------------------------------------------------


class ApplicationForm(forms.ModelForm):  # type: ignore[type-arg]  # Django takes no argument when it runs
    class Meta:
        model = Application
        fields = ["name", "key", "asks", "cache_seconds", "token_seconds"]
        help_texts = {
            "key": _("How reports name it, such as “payroll”. Lower-case letters, digits and hyphens."),
            "asks": _(
                "How it learns that access ended. One that does not ask cannot be cut before its token ends."
            ),
        }


class PointForm(forms.ModelForm):  # type: ignore[type-arg]  # Django takes no argument when it runs
    audiences = LinesField(
        label=_("Audiences"),
        required=False,
        help_text=_("One per line. With any, only tokens meant for one of them pass here."),
    )

    class Meta:
        model = EnforcementPoint
        fields = [
            "name", "description", "application", "audiences", "unknown_policy", "mode", "token_header",
            "cache_seconds",
        ]  # fmt: skip
        help_texts = {
            "name": _("Stands in the gateway's configuration: /verdict/<name>."),
            "application": _("What stands behind it. Sessions and attempts seen here are listed under it."),
            "mode": _(
                "Observing refuses nothing: the point's page then shows what enforcing would have refused."
            ),
            "cache_seconds": _("How long the gateway may remember an answer. It is added to every promise."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            # What a standing point refuses is a step of its own, not one field among many.
            del self.fields["mode"]


# --- Machine credentials and tokens -----------------------------------------------------------------


class CredentialForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("Which program this is for."))
    scopes = forms.MultipleChoiceField(label=_("Scopes"), widget=forms.CheckboxSelectMultiple)
    networks = LinesField(
        label=_("Allowed networks"),
        required=False,
        help_text=_("One per line, such as 192.0.2.0/24. Nothing for everywhere."),
    )
    days = forms.ChoiceField(label=_("Ends after"), choices=LIFETIMES, initial="30")

    def __init__(
        self, data: object = None, *, scopes: Iterable[Scope], initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]  # a QueryDict, whose stub is narrower
        choices = [(str(scope), f"{scope.value}: {scope.label}") for scope in scopes]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]  # a choice field

    def lifetime(self) -> timedelta:
        return timedelta(days=int(self.cleaned_data["days"]))


class TokenForm(forms.Form):
    """A token on its way to being explained. It is never put back into the page."""

    token = forms.CharField(
        label=_("Token"),
        max_length=16 * 1024,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off", "spellcheck": "false"}),
    )
