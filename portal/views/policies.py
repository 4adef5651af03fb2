"""Settings > Policies: how much one person may do alone, and how long things wait."""

from __future__ import annotations

from django.contrib import messages
from django.forms import ModelForm
from django.http import HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import may, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.recent_sign_in import recently_signed_in, typed_before
from portal.roles import May
from portal.settings_pages import FormPage, form_page, is_taken
from sessions_app.changes.policies import NAMES, change_policy
from sessions_app.models import Policy


class PolicyForm(ModelForm):  # type: ignore[type-arg]  # Django takes no argument when it runs
    class Meta:
        model = Policy
        fields = NAMES


@require_safe
@requires(May.SEE_POLICIES)
def policies(request: HtmxRequest) -> HttpResponse:
    """The values as they stand."""
    context = {"facts": _facts(Policy.current()), "may_change": may(request.user, May.CHANGE_POLICIES)}
    return page_or_part(request, "portal/settings/policies.html", "policies", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_POLICIES)
@recently_signed_in
def edit(request: HtmxRequest) -> HttpResponse:
    """The form, and what it sends."""
    form = PolicyForm(request.POST or None, instance=Policy.current(), initial=_initial(request))
    page = FormPage(
        title=gettext_lazy("Change policies"),
        above=gettext_lazy("Policies"),
        above_url=reverse("policies"),
    )
    if is_taken(form, lambda: change_policy(form.cleaned_data, by=request.initiator)):
        messages.info(request, _("Saved. Whatever is asked for from now on follows it."))
        return go_to(request, reverse("policies"))
    return form_page(request, form, page)


def _initial(request: HtmxRequest) -> dict[str, object]:
    typed = typed_before(request)
    return {} if typed is None else {name: typed.get(name) for name in NAMES}


def _facts(policy: Policy) -> list[tuple[str, str]]:
    return [(_label(name), _value(getattr(policy, name))) for name in NAMES]


def _label(name: str) -> str:
    field = Policy._meta.get_field(name)  # noqa: SLF001  # Django's documented way to a field's own name
    return str(capfirst(str(getattr(field, "verbose_name", name))))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:,}"
