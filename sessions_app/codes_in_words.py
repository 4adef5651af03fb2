"""What the codes in entries of the trail mean, as the one presenter of sentences says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from audit.presentation import name_codes
from sessions_app.changes import report_signing
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.leavings import FAILED
from sessions_app.changes.reinstate import REASON_CODE
from sessions_app.doors.callers import NotProved, ScopeMissing
from sessions_app.models import ApprovalKind, CheckKind, ResourceKind, ReviewVerdict, Role, SignalOutcome
from sessions_app.models.reasons import Reason
from sessions_app.outbound import CallFailure
from sessions_app.personal_data import erasure, holds
from sessions_app.revocation.errors import OrderRefused
from sessions_app.tokens.families import Misuse
from sessions_app.tokens.issuer_keys import SetFailure

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REASONS: Final[dict[str, StrOrPromise]] = {**dict(Reason.choices), REASON_CODE: _("Reinstated")}
STATES: Final[dict[str, StrOrPromise]] = {"off": _("off"), "on": _("on")}
KINDS: Final[dict[str, StrOrPromise]] = {
    Misuse.CODE_USED_AGAIN.value: _("an authorization code"),
    Misuse.REFRESH_USED_AGAIN.value: _("a refresh token"),
}
NOT_PROVED: Final[dict[str, StrOrPromise]] = {
    "credential_missing": _("no credential was sent"),
    "credential_wrong": _("the credential is wrong"),
    "credential_ended": _("the credential has ended"),
    "address_not_allowed": _("the credential may not be used from this address"),
    "client_not_proved": _("the id or the secret is wrong"),
}

FOUND: Final[dict[str, StrOrPromise]] = {
    "alive": _("sessions are alive"),
    "not_refused": _("people are missing in the blacklist"),
    "claims_accepted": _("tokens that still name the project would be let in"),
    "returned": _("people are back in its groups"),
    "newcomers": _("somebody new is in its groups"),
    "tasks_overdue": _("tasks are overdue"),
}

FAILED_HERE: Final = _("An error here, which the log tells.")
# Children of ChangeRefused that live beside what they refuse are found once their modules are loaded.
LOADED: Final = (erasure, holds, report_signing)


def name_our_codes() -> None:
    """Called once when the app is ready."""
    name_codes("reason", REASONS)
    name_codes("role", dict(Role.choices))
    name_codes("state", STATES)
    name_codes("which", dict(CheckKind.choices))
    name_codes("kind", {**KINDS, **dict(ApprovalKind.choices), **dict(ResourceKind.choices)})
    name_codes("verdict", dict(ReviewVerdict.choices))
    name_codes("resource", dict(ResourceKind.choices))
    name_codes("became", dict(SignalOutcome.choices))
    name_codes("why", {**_sentences_of(ChangeRefused), **_sentences_of(OrderRefused), **NOT_PROVED})
    name_codes("why", {**dict(CallFailure.choices), **dict(SetFailure.choices)})
    name_codes("why", FOUND)
    name_codes("why", {FAILED: FAILED_HERE})
    name_codes("why", {NotProved.code: NotProved.sentence, ScopeMissing.code: ScopeMissing.sentence})


def why_words(code: str) -> str:
    """A refusal by its code, as the sentence of whoever was refused."""
    known = {**_sentences_of(ChangeRefused), **_sentences_of(OrderRefused), FAILED: FAILED_HERE}
    return str(known.get(code, code))


def _sentences_of(family: type[ChangeRefused] | type[OrderRefused]) -> dict[str, StrOrPromise]:
    """Of the whole family of refusals, by their codes."""
    found: dict[str, StrOrPromise] = {family.code: family.sentence}
    for child in family.__subclasses__():
        found |= _sentences_of(child)
    return found
