"""The form of an issuer: its profile as fields, its keys as people have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from portal.pasted_keys import KeysRefused, PrivateKeyPasted, read_keys
from portal.settings_forms import LinesField
from sessions_app.blacklist.presets import PRESETS
from sessions_app.blacklist.profiles import KEY_TYPES
from sessions_app.models import Issuer

LARGEST_KEYS = 64 * 1024
NO_TYP = "none"

PRESET_NAMES = {
    "okta": "Okta",
    "entra": "Microsoft Entra ID",
    "keycloak": "Keycloak",
    "authentik": "authentik",
    "google": "Google",
    "auth0": "Auth0",
}

# Where a refused value of the model is shown.
FIELDS_OF_PROBLEMS = {"realm": "realm_key", "keys": "keys_text"}


class IssuerForm(forms.ModelForm):  # type: ignore[type-arg]  # Django takes no argument when it runs
    realm_key = forms.CharField(
        label=_("Realm"),
        max_length=100,
        widget=forms.TextInput(attrs={"list": "realms", "autocomplete": "off"}),
        help_text=_(
            "Issuers that name people alike share one. It goes into the blacklist, so it stays once sessions are known."
        ),
    )
    jwks_uri = forms.URLField(
        label=_("Address of the public keys"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_(
            "The issuer's jwks_uri. Fetched every five minutes; what is fetched replaces the keys below. A dead "
            "address changes nothing for a day, then nothing is known of this issuer's tokens."
        ),
    )
    keys_text = forms.CharField(
        label=_("Public keys"),
        required=False,
        max_length=LARGEST_KEYS,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_(
            "A JSON Web Key Set, one key of it, or PEM public keys and certificates. May be empty with an address."
        ),
    )
    keys_file = forms.FileField(
        label=_("or a file of them"),
        required=False,
        help_text=_("At most 64 KiB; it replaces what is pasted."),
    )
    kid = forms.CharField(
        label=_("Key id of a PEM key"),
        required=False,
        max_length=200,
        help_text=_("The kid its tokens carry. Without one it is the key's thumbprint."),
    )
    algorithms = forms.MultipleChoiceField(
        label=_("Algorithms"),
        choices=[(name, name) for name in KEY_TYPES],
        widget=forms.CheckboxSelectMultiple,
    )
    audiences = LinesField(label=_("Audiences"), help_text=_("One per line; a token must name one of them."))
    typ = LinesField(
        label=_("Accepted typ"),
        help_text=_("One per line; “none” stands for a token without typ."),
    )
    second_factor_values = LinesField(
        label=_("Values that prove it"), required=False, help_text=_("One per line, such as mfa.")
    )

    entitlement_claims = LinesField(
        label=_("Claims that list groups and roles"),
        required=False,
        help_text=_("One per line; a dot leads into an object, as in realm_access.roles."),
    )

    class Meta:
        model = Issuer
        fields = [
            "name", "iss", "audiences", "algorithms", "typ", "person_claim", "token_claim", "session_claim",
            "client_claim", "started_from", "max_token_seconds", "max_session_seconds",
            "clock_allowance_seconds", "second_factor_claim", "second_factor_values", "entitlement_claims",
            "jwks_uri", "allow_private_jwks", "preset",
        ]  # fmt: skip
        widgets = {"preset": forms.HiddenInput}
        help_texts = {
            "iss": _("Exactly the iss of its tokens, letter by letter."),
            "person_claim": _("Must stay the same for one person, and never be given to another."),
            "token_claim": _("Empty where it has none: then the SHA-256 of the token stands in."),
            "session_claim": _("Empty where it has none: then sessions cannot be ended one by one."),
            "second_factor_claim": _(
                "Counts only where sessions start at auth_time: a refresh renews iat and hands on an old proof."
            ),
            "started_from": _("What a cutoff is compared with."),
            "max_token_seconds": _("A token that lives longer is refused."),
            "max_session_seconds": _("A session older than this is refused, so ended ones can be forgotten."),
            "clock_allowance_seconds": _("How far its clock may be ahead or behind."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.keys: dict[str, Any] = {"keys": []}
        if self.instance.pk:
            self.initial["realm_key"] = self.instance.realm.key
            self.initial["keys_text"] = json.dumps(self.instance.keys, indent=2)
            self.initial["typ"] = [typ or NO_TYP for typ in self.instance.typ]

    def clean_typ(self) -> list[str]:
        return ["" if typ == NO_TYP else typ for typ in self.cleaned_data["typ"]]

    def clean_keys_file(self) -> UploadedFile[bytes] | None:
        file: UploadedFile[bytes] | None = self.cleaned_data["keys_file"]
        if file and (file.size or 0) > LARGEST_KEYS:
            raise forms.ValidationError(_("This file is larger than 64 KiB."))
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            typed = self._typed_keys(cleaned)
            if typed.strip() or not cleaned.get("jwks_uri"):  # else they will be fetched
                self.keys = read_keys(typed, kid=cleaned.get("kid", ""))
        except (KeysRefused, UnicodeDecodeError) as refusal:
            self._refuse_keys(refusal)
        return cleaned

    def _typed_keys(self, cleaned: Mapping[str, Any]) -> str:
        file = cleaned.get("keys_file")
        typed: str = file.read().decode() if file else cleaned.get("keys_text", "")
        return typed

    def _refuse_keys(self, refusal: Exception) -> None:
        if isinstance(refusal, PrivateKeyPasted):
            # A private key must not travel a second time, back into the page.
            typed = cast(QueryDict, self.data).copy()
            typed["keys_text"] = ""
            self.data = typed
        sentence = refusal.sentence if isinstance(refusal, KeysRefused) else KeysRefused.sentence
        self.add_error("keys_text", str(sentence))


def initial_of(preset: str) -> dict[str, Any]:
    """What a well-known issuer's form begins with; nothing for a name that is not known."""
    known = PRESETS.get(preset)
    if known is None:
        return {}
    filled = {name: "" if value is None else value for name, value in known.items()}
    return {**filled, "preset": preset, "typ": [typ or NO_TYP for typ in known["typ"]]}
