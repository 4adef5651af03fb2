"""Every personal field of every model, once: its purpose, how long it is kept, and who reads it.

A test walks all models and fails for a field that stands neither here nor among the impersonal ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Kept(Enum):
    """How long, in words. What the clock does about it is in `retention`, what erasing does in `erasure`."""

    UNTIL_ERASED = _("until the person is erased")
    ORIGIN = _("90 days after the session ended, 24 months where a revocation ended it")
    ATTEMPTS = _("90 days, 24 months where it belongs to a receipt")
    NINETY_DAYS = _("90 days after it was last seen")
    NOTICES = _("90 days after it was to be sent, longer while what it is about still waits for the person")
    ALWAYS = _("for good, as a pseudonym without a name")
    TRAIL = _("as long as the trail; blanked when the person is erased")
    RECEIPTS = _("as long as the receipt; blanked when the person is erased")
    SIGN_IN = _("until sign-out, twelve hours at most")
    GRANT = _("30 days after it ended")
    EXPORT = _("until the exported file expires")
    LEAVERS = _("24 months after it was received, longer while any legal hold stands")
    GUARDS = _("for good, also after erasing: guards refuse by it")


class Readers(Enum):
    """Who reads it. The portal says by its matrix which roles that are."""

    DIRECTORY = "directory"
    SESSIONS = "sessions"
    ORIGIN = "origin"
    RECEIPTS = "receipts"
    TRAIL = "trail"
    EVIDENCE = "evidence"
    CONFIGURATION = "configuration"
    CREDENTIALS = "credentials"
    ROLES = "roles"
    ONESELF = "oneself"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Some fields of one model that are kept for one purpose. `fields` are names, separated by spaces."""

    model: str
    fields: str
    purpose: StrOrPromise
    kept: Kept
    readers: Readers


IDENTIFY: Final = _("to find the person and to end the access of the right one")
PROVE: Final = _("to prove what was done, by whom and to whom")
SIGN_IN: Final = _("to let the person sign in here")
RECOGNISE: Final = _("to let people recognise their own and others' sessions, and a hijacked one")

PERSONAL: Final = (
    Declared(
        model="sessions_app.User",
        fields="username external_id display_name email employee_number search_text",
        purpose=IDENTIFY,
        kept=Kept.UNTIL_ERASED,
        readers=Readers.DIRECTORY,
    ),
    Declared(
        model="sessions_app.User",
        fields="job_title department legal_entity country last_day",
        purpose=_("to tell people of one name apart, and to bound roles to a population"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.DIRECTORY,
    ),
    Declared(
        model="sessions_app.User",
        fields="sign_in_blocked_at lost_claims groups_as_of may_enrol_until created_at erased_at",
        purpose=_("to refuse what was taken away"),
        kept=Kept.ALWAYS,
        readers=Readers.DIRECTORY,
    ),
    Declared(
        model="sessions_app.User",
        fields="password last_login",
        purpose=SIGN_IN,
        kept=Kept.UNTIL_ERASED,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="sessions_app.Identity",
        fields="person_id linked_at",
        purpose=_("to know whose a token is, and to refuse what an issuer still mints for somebody who left"),
        kept=Kept.GUARDS,
        readers=Readers.DIRECTORY,
    ),
    Declared(
        model="sessions_app.BlacklistEntry",
        fields="person_id ident lost",
        purpose=_("to refuse tokens whose access ended"),
        kept=Kept.GUARDS,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="sessions_app.Membership",
        fields="since",
        purpose=_("to know what the person may do in the company's applications"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.DIRECTORY,
    ),
    Declared(
        model="sessions_app.RoleChange",
        fields="before after lost kept gained decided_at checked_at seen",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Session",
        fields="address user_agent device_id place",
        purpose=RECOGNISE,
        kept=Kept.ORIGIN,
        readers=Readers.ORIGIN,
    ),
    Declared(
        model="sessions_app.Session",
        fields="sid client began_at last_used_at expires_at token_expires_at ended_at authentication_methods",
        purpose=_("to show and end live access, and to prove that it ended"),
        kept=Kept.ALWAYS,
        readers=Readers.SESSIONS,
    ),
    Declared(
        model="sessions_app.SessionApplication",
        fields="first_seen_at last_seen_at",
        purpose=_("to say where a session is used, because it ends there"),
        kept=Kept.ALWAYS,
        readers=Readers.SESSIONS,
    ),
    Declared(
        model="sessions_app.Token",
        fields="token_id issued_at expires_at revoked_at scope consumed_at",
        purpose=_("to end one token; the token itself is never kept"),
        kept=Kept.ALWAYS,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="sessions_app.AuthorizationCode",
        fields="code redirect_uri scope nonce claims resource code_challenge expires created updated used_at",
        purpose=_("to give an application its tokens once, and to notice a second use"),
        kept=Kept.GRANT,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="sessions_app.Consent",
        fields="scopes given_at",
        purpose=_("to ask once what an application may know"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="sessions_app.Attempt",
        fields="address",
        purpose=_("to see from where ended access was tried again"),
        kept=Kept.ATTEMPTS,
        readers=Readers.ORIGIN,
    ),
    Declared(
        model="sessions_app.Attempt",
        fields="fingerprint where cause first_at last_at",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.UnmatchedSighting",
        fields="person_id sid facts first_seen_at last_seen_at",
        purpose=_("to find out who signed in whom nobody knows here"),
        kept=Kept.NINETY_DAYS,
        readers=Readers.CONFIGURATION,
    ),
    Declared(
        model="sessions_app.Revocation",
        fields="note initiator_name",
        purpose=_("to say why access was ended, and who decided it"),
        kept=Kept.RECEIPTS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Revocation",
        fields="ticket initiator_id received_at decided_at cut_off_at confirmed_at told_at",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.RevocationTarget",
        fields="ended_at reinstated_at second_factor_waived_at second_factor_proved_at",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.ProjectEnding",
        fields="initiator_name note",
        purpose=_("to say why a project was ended, and who decided it"),
        kept=Kept.RECEIPTS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.ProjectEnding",
        fields="initiator_id ticket asked_at due_at preview news started_at finished_at cancelled_at",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.ProjectCheck",
        fields="reached found done_at",
        purpose=_("to prove that nothing an ended project gave came back"),
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Notice",
        fields="sent_at",
        purpose=_("to remind people once of what waits for them"),
        kept=Kept.NOTICES,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="sessions_app.Leaving",
        fields="initiator_name note",
        purpose=_("to say why somebody leaves, and who decided it"),
        kept=Kept.RECEIPTS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Correction",
        fields="why note",
        purpose=_("to say why somebody was the wrong person"),
        kept=Kept.RECEIPTS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Leaving",
        fields="initiator_id ticket leaves_at time_zone asked_at closed_at tried_at",
        purpose=_("to end access at the moment that was agreed, and to prove it"),
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Correction",
        fields="asked_at decided_at in_effect_at given_back not_given_back",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Step",
        fields="evidence",
        purpose=_("to prove that access in an outside system was taken away"),
        kept=Kept.RECEIPTS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Step",
        fields="done_at",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Approval",
        fields="asked_note note review_note",
        purpose=_("to say why a second person agreed, or did not"),
        kept=Kept.RECEIPTS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.Approval",
        fields="request asked_as asked_at decided_at reviewed_at",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="sessions_app.RoleGrant",
        fields="reason granted_by revoked_by",
        purpose=_("to say why somebody may do what they may"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.ROLES,
    ),
    Declared(
        model="sessions_app.RoleGrant",
        fields="population_value granted_at expires_at entries_from entries_until revoked_at",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.ROLES,
    ),
    Declared(
        model="sessions_app.Signal",
        fields="event_id details occurred_at received_at",
        purpose=_("to act on each event once"),
        kept=Kept.ALWAYS,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="sessions_app.MachineCredential",
        fields="created_by",
        purpose=_("to know whom to ask about a program"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.CREDENTIALS,
    ),
    Declared(
        model="sessions_app.LegalHold",
        fields="case reason opened_at review_on released_at",
        purpose=_("to keep what a dispute needs, and to say on whose word"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.DIRECTORY,
    ),
    Declared(
        model="portal.SavedView",
        fields="name line saved_at",
        purpose=_("to ask the trail the same question again"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.TRAIL,
    ),
    Declared(
        model="audit.AuditSubject",
        fields="value about",
        purpose=_("names, addresses and notes beside the entries, so that people can read them"),
        kept=Kept.TRAIL,
        readers=Readers.TRAIL,
    ),
    Declared(
        model="audit.AuditName",
        fields="about name",
        purpose=_("to find entries by a name"),
        kept=Kept.TRAIL,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="audit.AuditEntry",
        fields="initiator_id initiator_roles target_id person_id timestamp cid",
        purpose=PROVE,
        kept=Kept.ALWAYS,
        readers=Readers.TRAIL,
    ),
    Declared(
        model="audit.ReceiptVersion",
        fields="document",
        purpose=_("the signed proof of a revocation, which holds pseudonyms only"),
        kept=Kept.ALWAYS,
        readers=Readers.RECEIPTS,
    ),
    Declared(
        model="audit.LeaverList",
        fields="content",
        purpose=_("to prove that access ended for everybody who left, as HR has them"),
        kept=Kept.LEAVERS,
        readers=Readers.EVIDENCE,
    ),
    Declared(
        model="audit.ExportJob",
        fields="initiator_id line asked_at",
        purpose=_("to write a large export for whoever asked"),
        kept=Kept.EXPORT,
        readers=Readers.ONESELF,
    ),
    Declared(
        model="mfa.Authenticator",
        fields="data created_at last_used_at",
        purpose=SIGN_IN,
        kept=Kept.UNTIL_ERASED,
        readers=Readers.ONESELF,
    ),
    Declared(
        model="sessions.Session",
        fields="session_key session_data expire_date",
        purpose=SIGN_IN,
        kept=Kept.SIGN_IN,
        readers=Readers.NOBODY,
    ),
    Declared(
        model="account.EmailAddress",
        fields="email",
        purpose=_("nothing: the table belongs to a library and stays empty"),
        kept=Kept.UNTIL_ERASED,
        readers=Readers.NOBODY,
    ),
)


def personal_fields() -> Iterator[tuple[str, str]]:
    """(model, field) of each."""
    for each in PERSONAL:
        yield from ((each.model, name) for name in each.fields.split())
