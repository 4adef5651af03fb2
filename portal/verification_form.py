"""What is asked before the trail is verified: whose key must have signed, if the reader knows it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.verifier import Unreadable, fingerprint_from


class VerificationForm(forms.Form):
    fingerprint = forms.CharField(
        label=_("Key fingerprint you were given"),
        help_text=_(
            "From a printed receipt or an earlier signed bundle. Without it, who signed is not checked."
        ),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_fingerprint(self) -> str:
        try:
            return fingerprint_from(self.cleaned_data["fingerprint"])
        except Unreadable as error:
            raise forms.ValidationError(_("A fingerprint has 64 digits of 0 to 9 and a to f.")) from error
