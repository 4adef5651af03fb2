"""OAuth clients: programs that ask our authorization server for tokens; their secret is shown once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import fetch_or_refuse, may, requires
from portal.client_form import FIELDS_OF_PROBLEMS, ClientForm
from portal.htmx import HtmxRequest, go_to, page_or_part
from portal.roles import May
from portal.settings_pages import FormPage, Step, form_page, is_taken
from sessions_app.changes.oauth_clients import (
    ClientMade,
    change_client,
    create_client,
    draw_new_secret,
    switch_off,
    switch_on,
)
from sessions_app.models import OAuthClient, Session
from sessions_app.tokens.profiles import OWN_ISSUERS


@require_safe
@requires(May.SEE_CONFIGURATION)
def listing(request: HtmxRequest) -> HttpResponse:
    """Every client, by name."""
    context = {
        "clients": OAuthClient.objects.select_related("application"),
        "may_change": may(request.user, May.CHANGE_CONFIGURATION),
    }
    return page_or_part(request, "portal/settings/oauth_clients.html", "oauth-clients", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def create(request: HtmxRequest) -> HttpResponse:
    """Register one. Its secret is in the answer to this one request and nowhere else."""
    form = ClientForm(request.POST or None)
    made: list[ClientMade] = []
    if is_taken(
        form,
        lambda: made.append(create_client(form.facts(), by=request.initiator)),
        fields=FIELDS_OF_PROBLEMS,
    ):
        return _registered(request, made[0])
    page = FormPage(
        title=_("New OAuth client"),
        above=_("OAuth clients"),
        above_url=reverse("oauth_clients"),
        submit=_("Register client"),
        foot=_("A secret is shown on the next page, once."),
    )
    return form_page(request, form, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def edit(request: HtmxRequest, client_id: int) -> HttpResponse:
    client = fetch_or_refuse(OAuthClient.objects.all(), pk=client_id)
    form = ClientForm(request.POST or None, client=client)
    if is_taken(
        form,
        lambda: change_client(client, form.facts(), by=request.initiator),
        fields=FIELDS_OF_PROBLEMS,
    ):
        messages.info(request, _("Saved."))
        return go_to(request, reverse("oauth_clients"))
    page = FormPage(
        title=client.name,
        above=_("OAuth clients"),
        above_url=reverse("oauth_clients"),
        steps=_steps(client),
    )
    return form_page(request, form, page)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def new_secret(request: HtmxRequest, client_id: int) -> HttpResponse:
    """Draw another secret, after a question: the program stops until it has the new one."""
    with_secret = OAuthClient.objects.filter(client_type=OAuthClient.CLIENT_CONFIDENTIAL)
    client = fetch_or_refuse(with_secret, pk=client_id)
    if request.method == "POST":
        return _show(request, client, draw_new_secret(client, by=request.initiator))
    return page_or_part(request, "portal/settings/oauth_client_rekey.html", "rekey", {"client": client})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(May.CHANGE_CONFIGURATION)
def switch(request: HtmxRequest, client_id: int) -> HttpResponse:
    """Off or on again. The form says which, so that two people's clicks do not undo each other."""
    client = fetch_or_refuse(OAuthClient.objects.all(), pk=client_id)
    wanted = request.POST.get("state", "")
    if wanted == "off":
        switch_off(client, by=request.initiator)
        messages.info(request, _("Switched off. It gets no tokens any more."))
        return go_to(request, reverse("oauth_clients"))
    if wanted == "on":
        switch_on(client, by=request.initiator)
        messages.info(request, _("Switched on. It gets tokens again."))
        return go_to(request, reverse("oauth_clients"))
    open_sessions = Session.objects.open().filter(realm__key__startswith=OWN_ISSUERS, client=client.client_id)
    context = {"client": client, "open_sessions": open_sessions.count()}
    status = 422 if request.method == "POST" else 200
    return page_or_part(request, "portal/settings/oauth_client_switch.html", "switch", context, status=status)


def _steps(client: OAuthClient) -> tuple[Step, ...]:
    """What else can be done with a client: a public one has no secret to draw anew."""
    word = _("Switch on") if client.disabled_at else _("Switch off")
    switching = Step(word=word, url=reverse("oauth_client_switch", args=[client.pk]))
    if client.client_type != OAuthClient.CLIENT_CONFIDENTIAL:
        return (switching,)
    return (Step(word=_("New secret"), url=reverse("oauth_client_secret", args=[client.pk])), switching)


def _registered(request: HtmxRequest, made: ClientMade) -> HttpResponse:
    if made.secret:
        return _show(request, made.client, made.secret)
    messages.info(request, _("Registered. This client has no secret."))
    return go_to(request, reverse("oauth_clients"))


def _show(request: HtmxRequest, client: OAuthClient, secret: str) -> HttpResponse:
    context = {"client": client, "secret": secret}
    return page_or_part(request, "portal/settings/oauth_client_secret.html", "secret", context)
