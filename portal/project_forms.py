"""Forms of projects: what is typed, on its way to the named changes. Each offers only what its reader may say."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy

from portal.evidence_forms import day_field
from portal.seen_reach import freeze, thaw
from portal.settings_forms import LinesField
from sessions_app.changes.errors import ChangeRefused, ValuesRefused
from sessions_app.changes.naming import find_person_by_any_name
from sessions_app.changes.project_end_dates import LONGEST_REASON, EndWish, reach_of_earlier_end
from sessions_app.changes.project_resources import ResourceFacts
from sessions_app.changes.projects import LONGEST_NAME, ProjectFacts
from sessions_app.changes.zones import LocalMoment, moment_of, offered_zones
from sessions_app.models import Project, ProjectResource, ResourceKind, User
from sessions_app.models.moments import database_now

ANY_NAME = gettext_lazy("User name, e-mail or employee number.")
END_OF_DAY = time(18)
# Where the named changes say a field by its own name.
FIELDS_OF_PROBLEMS = {"moment": "ends_on", "owner": "owner"}


def person_named(name: str) -> User:
    """Whoever answers to it, for people who type. Raises what a form shows at its field."""
    try:
        return find_person_by_any_name(name.strip())
    except ChangeRefused as refusal:
        raise forms.ValidationError(str(refusal)) from refusal


def zone_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=lambda: [(name, name) for name in offered_zones()],
        help_text=gettext_lazy("The project's own: its end is shown, and meant, as clocks there have it."),
    )


def time_field(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        initial=END_OF_DAY,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )


class ProjectForm(forms.Form):
    """A project's facts. `names_everything`: whoever fills it in may also say who manages it and which groups."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME)
    manager = forms.CharField(label=gettext_lazy("Manager"), max_length=200, help_text=ANY_NAME)
    deputies = LinesField(
        label=gettext_lazy("Deputies"),
        required=False,
        help_text=gettext_lazy(
            "One per line: user name, e-mail or employee number. They may do what the manager may."
        ),
    )
    groups = LinesField(
        label=gettext_lazy("Groups"),
        required=False,
        help_text=gettext_lazy(
            "One per line, such as contractors-project-phoenix. Their members are who works on it, and all of them "
            "lose their access when it ends. A group nobody knew is made."
        ),
    )
    starts_on = day_field(
        gettext_lazy("Starts on"), required=False, help_text=gettext_lazy("Nothing where it runs already.")
    )
    time_zone = zone_field()

    def __init__(self, data: Any = None, *, names_everything: bool, project: Project | None = None) -> None:
        super().__init__(data, initial=_initial(project) if project else {"time_zone": "UTC"})
        self._project = project
        if not names_everything:
            del self.fields["manager"]
            del self.fields["groups"]

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).strip()

    def clean_manager(self) -> User:
        return person_named(self.cleaned_data["manager"])

    def clean_deputies(self) -> tuple[User, ...]:
        people = [person_named(name) for name in self.cleaned_data["deputies"]]
        return tuple(dict.fromkeys(people))

    def facts(self) -> ProjectFacts:
        """What this valid form says. A field that is not offered is not said, whatever was sent for it."""
        said = self.cleaned_data
        return ProjectFacts(
            name=said["name"],
            time_zone=said["time_zone"],
            deputies=said["deputies"],
            starts_at=self._starts_at(),
            manager=said.get("manager"),
            groups=tuple(dict.fromkeys(said["groups"])) if "groups" in said else None,
        )

    def _starts_at(self) -> datetime | None:
        """The first moment of the day there; as it was where the day is the same, so that saving changes nothing."""
        day = self.cleaned_data["starts_on"]
        if day is None:
            return None
        if self._project is not None and day == self.initial.get("starts_on"):
            return self._project.starts_at
        return moment_of(day, time(0), self.cleaned_data["time_zone"]).at


class NewProjectForm(ProjectForm):
    """The same with what is said once and for all, and with its end."""

    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=64,
        help_text=gettext_lazy(
            "Lower-case letters, digits and hyphens. Tokens, entries and receipts name it so, for ever."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    ends_on = day_field(gettext_lazy("Ends on"))
    ends_time = time_field(gettext_lazy("At"))

    field_order = [
        "name", "key", "manager", "deputies", "groups", "starts_on", "ends_on", "ends_time", "time_zone",
    ]  # fmt: skip

    def clean_key(self) -> str:
        return str(self.cleaned_data["key"]).strip()

    def ends(self) -> LocalMoment:
        said = self.cleaned_data
        return moment_of(said["ends_on"], said["ends_time"], said["time_zone"])


def _initial(project: Project) -> dict[str, Any]:
    zone = ZoneInfo(project.time_zone)
    return {
        "name": project.name,
        "manager": project.manager.username if project.manager else "",
        "deputies": [user.username for user in project.deputies.order_by("username")],
        "groups": list(project.groups.values_list("name", flat=True)),
        "starts_on": project.starts_at.astimezone(zone).date() if project.starts_at else None,
        "time_zone": project.time_zone,
    }


class EndDateForm(forms.Form):
    """When a project ends instead, in its own zone, and why.

    `seen` is whose tokens an earlier end ends as this reader is shown it, signed and for half an hour.
    """

    ends_on = day_field(gettext_lazy("Ends on"))
    ends_time = time_field(gettext_lazy("At"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Needed to extend it, and for a second person. Kept in the record."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=500, required=False)

    def __init__(self, data: Any = None, *, project: Project, reader: User) -> None:
        local = project.ends_at.astimezone(ZoneInfo(project.time_zone))
        initial = {"ends_on": local.date(), "ends_time": local.time().replace(second=0, microsecond=0)}
        self._project, about = project, f"earlier end {reader.pk}@{project.pk}"
        self.reach = thaw(data.get("seen", "") if data else "", about=about) or reach_of_earlier_end(project)
        super().__init__(data, initial={**initial, "seen": freeze(self.reach, about=about)})

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.moment()
            except ValuesRefused as refusal:
                self.add_error("ends_on", str(refusal.problems[0][1]))
        return said

    def moment(self) -> LocalMoment:
        return moment_of(
            self.cleaned_data["ends_on"], self.cleaned_data["ends_time"], self._project.time_zone
        )

    def wish(self) -> EndWish:
        """What this valid form asks for."""
        return EndWish(
            ends_at=self.moment().at,
            reason=self.cleaned_data["reason"],
            received_at=database_now(),
            seen=self.reach,
        )


class ResourceForm(forms.Form):
    """Something outside that the project gives. Of one that is declared already, kind and name stay."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ResourceKind.choices)
    name = forms.CharField(
        label=gettext_lazy("Name in its system"),
        max_length=200,
        help_text=gettext_lazy(
            "Such as northwind/phoenix-api or phoenix-developers. Never the key or token itself."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    used_by = forms.CharField(
        label=gettext_lazy("What would stop without it"), max_length=200, required=False
    )
    owner = forms.CharField(label=gettext_lazy("Owner"), max_length=200, required=False, help_text=ANY_NAME)
    created_on = day_field(gettext_lazy("Made on"), required=False)
    last_used_on = day_field(
        gettext_lazy("Last used on"),
        required=False,
        help_text=gettext_lazy("As far as you know. One that is long unused is marked."),
    )

    def __init__(self, data: Any = None, *, resource: ProjectResource | None = None) -> None:
        super().__init__(data, initial=_initial_of(resource) if resource else None)
        self._resource = resource
        if resource is not None:
            del self.fields["kind"]
            del self.fields["name"]

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).strip()

    def clean_owner(self) -> User | None:
        name = self.cleaned_data["owner"]
        return person_named(name) if name else None

    def facts(self) -> ResourceFacts:
        said = self.cleaned_data
        return ResourceFacts(
            kind=ResourceKind(self._resource.kind if self._resource else said["kind"]),
            name=self._resource.name if self._resource else said["name"],
            used_by=str(said["used_by"]).strip(),
            owner=said["owner"],
            created_on=said["created_on"],
            last_used_on=said["last_used_on"],
        )


def _initial_of(resource: ProjectResource) -> dict[str, Any]:
    return {
        "used_by": resource.used_by,
        "owner": resource.owner.username if resource.owner else "",
        "created_on": resource.created_on,
        "last_used_on": resource.last_used_on,
    }
