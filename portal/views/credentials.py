"""Machine credentials: listed by prefix, shown once when they are made, taken back at once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import credentials_for, fetch_or_refuse, may, requires
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.recent_sign_in import initial_before, recently_signed_in
from portal.roles import May, roles_with
from portal.settings_forms import CredentialForm, say_refusal
from portal.settings_pages import FormPage, form_page
from sessions_app.changes.credentials import NewCredential, create_credential, revoke_credential
from sessions_app.changes.errors import ChangeRefused
from sessions_app.models import Scope, User

# A program may do no more than whoever let it in. It reaches everybody, so its maker must too.
NEEDED_FOR = {
    Scope.PEOPLE_WRITE: May.CHANGE_CONFIGURATION,
    Scope.REVOCATIONS_WRITE: May.TERMINATE_PEOPLE,
    Scope.REVOCATIONS_READ: May.SEE_REVOCATIONS,
    Scope.ROLES_WRITE: May.CHANGE_MEMBERSHIPS,
    Scope.PROJECTS_END: May.END_PROJECTS,
    Scope.AUDIT_EXPORT: May.EXPORT_AUDIT,
}


@require_safe
@requires(May.SEE_CREDENTIALS)
def listing(request: HtmxRequest) -> HttpResponse:
    """All, or one's own, as the matrix says."""
    changeable = credentials_for(request.user, May.CHANGE_CREDENTIALS).values_list("pk", flat=True)
    context = {
        "credentials": credentials_for(request.user, May.SEE_CREDENTIALS),
        "changeable": set(changeable),
        "may_change": may(request.user, May.CHANGE_CREDENTIALS),
    }
    return page_or_part(request, "portal/settings/credentials.html", "credentials", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CREDENTIALS)
@recently_signed_in
def create(request: HtmxRequest) -> HttpResponse:
    """Make one. Its secret is in the answer to this one request and nowhere else."""
    form = CredentialForm(
        request.POST or None, scopes=_scopes_for(request.user), initial=initial_before(request)
    )
    made = _made(request, form) if form.is_valid() else None
    if made:
        return page_or_part(request, "portal/settings/credential_made.html", "secret", {"made": made})
    page = FormPage(
        title=_("Create credential"),
        above=_("Machine credentials"),
        above_url=reverse("credentials"),
        submit=_("Create credential"),
        foot=_("The secret is shown on the next page, once."),
    )
    return form_page(request, form, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CREDENTIALS)
def revoke(request: HtmxRequest, credential_id: UUID) -> HttpResponse:
    """Take one back: its next call is refused."""
    credential = fetch_or_refuse(credentials_for(request.user, May.CHANGE_CREDENTIALS), pk=credential_id)
    if request.method == "POST":
        try:
            revoke_credential(credential, by=request.initiator)
            messages.info(request, _("Revoked. Its next call is refused."))
        except ChangeRefused as refusal:
            messages.warning(request, str(refusal))
        return go_to(request, reverse("credentials"))
    context = {"credential": credential}
    return page_or_part(request, "portal/settings/credential_revoke.html", "revoke", context)


def _made(request: HtmxRequest, form: CredentialForm) -> NewCredential | None:
    chosen = form.cleaned_data
    try:
        return create_credential(
            name=chosen["name"],
            scopes=chosen["scopes"],
            networks=chosen["networks"],
            lifetime=form.lifetime(),
            by=request.initiator,
        )
    except ChangeRefused as refusal:
        say_refusal(form, refusal, fields={"lifetime": "days"})
        return None


def _scopes_for(maker: User) -> list[Scope]:
    return [
        scope
        for scope in Scope
        if scope not in NEEDED_FOR or maker.reaches_everybody(through=roles_with(NEEDED_FOR[scope]))
    ]
