"""The form of an OAuth client: what an operator says of a program that asks our authorization server for tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.settings_forms import LinesField
from sessions_app.changes.oauth_clients import ClientFacts
from sessions_app.models import Application, OAuthClient

WITH_SECRET, WITHOUT_SECRET, FOR_ITSELF = "secret", "public", "itself"
KINDS = [
    (WITH_SECRET, _("Signs people in, and can keep a secret: a web application")),
    (WITHOUT_SECRET, _("Signs people in, without a secret: an app on a device, a page's script")),
    (FOR_ITSELF, _("Acts for itself, nobody signs in: a job, a service")),
]
FIELDS_OF_PROBLEMS = {"is_confidential": "kind"}


class ClientForm(forms.Form):
    """A new client, or one that exists: its id and its kind stay as they were made."""

    client_id = forms.CharField(
        label=_("Client id"),
        max_length=100,
        help_text=_("How the program names itself: small letters, digits, dots and dashes."),
    )
    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("What people read when they are asked for consent.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, widget=forms.RadioSelect, initial=WITH_SECRET)
    redirect_uris = LinesField(
        label=_("Redirect addresses"),
        required=False,
        help_text=_(
            "One per line, compared exactly. Where browsers are sent back to; a client for itself has none."
        ),
    )
    application = forms.ModelChoiceField(
        label=_("Application"),
        queryset=Application.objects.all(),
        required=False,
        help_text=_("Which application people sign in to with it. Their sessions are listed under it."),
    )
    audiences = LinesField(
        label=_("Audiences"),
        required=False,
        help_text=_("One per line. Which services its access tokens are for."),
    )
    allowed_scopes = LinesField(
        label=_("Scopes"), required=False, help_text=_("One per line, beyond those of OpenID Connect.")
    )
    is_trusted = forms.BooleanField(
        label=_("Nobody is asked for consent"),
        required=False,
        help_text=_("For programs of the company itself."),
    )
    may_introspect = forms.BooleanField(
        label=_("May introspect tokens"),
        required=False,
        help_text=_("It may ask whether a token for its audiences is still good, with its id and secret."),
    )
    access_token_seconds = forms.IntegerField(
        label=_("Access token lifetime, seconds"),
        initial=300,
        help_text=_("At most an hour. Services that ask nobody accept it for this long."),
    )
    chain_seconds = forms.IntegerField(
        label=_("Longest session, seconds"),
        initial=43_200,
        help_text=_("After this the person signs in again, however often the token was refreshed."),
    )

    def __init__(self, data: object = None, *, client: OAuthClient | None = None) -> None:
        super().__init__(data, initial=_said_of(client) if client else None)  # type: ignore[arg-type]  # a QueryDict, whose stub is narrower
        if client:
            del self.fields["client_id"], self.fields["kind"]

    def facts(self) -> ClientFacts:
        """What was said. Of a client that exists, the id and the kind are nobody's to say."""
        chosen = self.cleaned_data
        kind = chosen.get("kind", WITH_SECRET)
        return ClientFacts(
            client_id=chosen.get("client_id", ""),
            name=chosen["name"],
            is_confidential=kind != WITHOUT_SECRET,
            for_itself=kind == FOR_ITSELF,
            application=chosen["application"],
            redirect_uris=tuple(chosen["redirect_uris"]),
            audiences=tuple(chosen["audiences"]),
            allowed_scopes=tuple(chosen["allowed_scopes"]),
            may_introspect=chosen["may_introspect"],
            is_trusted=chosen["is_trusted"],
            access_token_seconds=chosen["access_token_seconds"],
            chain_seconds=chosen["chain_seconds"],
        )


def _said_of(client: OAuthClient) -> dict[str, Any]:
    return {
        "name": client.name,
        "redirect_uris": client.redirect_uris.split(),
        "application": client.application_id,
        "audiences": client.audiences,
        "allowed_scopes": client.allowed_scopes,
        "is_trusted": client.skip_authorization,
        "may_introspect": client.may_introspect,
        "access_token_seconds": client.access_token_seconds,
        "chain_seconds": client.chain_seconds,
    }
