"""Every kind of event, once: its code, its name, what it must carry, and its sentence for people.

Adding one is adding one line to `Events`. A code is never given to something else, because entries keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from audit.errors import UnknownEvent

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Outcome(TextChoices):
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")
    FAILED = "failed", _("failed")


ANY_ATTEMPT = _("%(initiator)s tried something that did not happen (%(event)s): %(why)s")
FAILURE_NEEDS = ("details.why",)
DECISION = ("target", "reason", "receipt", "sessions_ended")


@dataclass(frozen=True)
class EventKind:
    """`requires` names columns, or keys as in "details.role" and "personal.note".

    `attempt` is the sentence of a refused or failed try, which carries `details.why` and, where `requires`
    does, the target. A kind whose `usual` outcome is not DONE is itself the failure and has one sentence.
    Placeholders name columns or keys of details; names in them are labels kept beside the entry.
    """

    code: str
    name: str
    sentence: StrOrPromise
    requires: tuple[str, ...] = ()
    attempt: StrOrPromise | None = None
    usual: Outcome = Outcome.DONE

    def code_for(self, outcome: Outcome) -> str:
        """Failures have a code of their own: RV-101F beside RV-101."""
        return self.code if outcome == Outcome.DONE else f"{self.code}F"

    def sentence_for(self, outcome: Outcome) -> StrOrPromise:
        return self.sentence if outcome == self.usual else self.attempt or ANY_ATTEMPT

    def required_for(self, outcome: Outcome) -> tuple[str, ...]:
        if outcome == self.usual:
            return self.requires
        return FAILURE_NEEDS + (("target",) if "target" in self.requires else ())


class Events:
    """The registry: one attribute, one kind of event."""

    # --- Ending access ---
    USER_TERMINATED = EventKind(
        "RV-101",
        "user.terminated",
        _("%(initiator)s ended the access of %(target)s: %(reason)s, %(sessions)s, receipt %(receipt)s"),
        DECISION,
        _("%(initiator)s could not end the access of %(target)s: %(why)s"),
    )
    SESSION_ENDED = EventKind(
        "RV-102",
        "session.ended",
        _("%(initiator)s ended a session of %(target)s: %(reason)s, receipt %(receipt)s"),
        DECISION,
        _("%(initiator)s could not end a session of %(target)s: %(why)s"),
    )
    TOKEN_REVOKED = EventKind(
        "RV-103",
        "token.revoked",
        _("%(initiator)s revoked a token of %(target)s: %(reason)s, receipt %(receipt)s"),
        DECISION,
        _("%(initiator)s could not revoke a token of %(target)s: %(why)s"),
    )
    SESSIONS_ENDED = EventKind(
        "RV-104",
        "sessions.ended",
        _(
            "%(initiator)s ended selected sessions of %(target)s: %(reason)s, %(sessions)s, receipt %(receipt)s"
        ),
        DECISION,
        _("%(initiator)s could not end selected sessions of %(target)s: %(why)s"),
    )
    ENDED_WITH_OTHERS = EventKind(
        "RV-105",
        "user.ended_with_others",
        _(
            "The access of %(target)s ended with that of others, as %(initiator)s ordered: %(reason)s, %(sessions)s, "
            "receipt %(receipt)s"
        ),
        DECISION,
        _(
            "The sessions of %(target)s stay, although %(initiator)s ended those of others with the same order: "
            "%(why)s, receipt %(receipt)s"
        ),
    )
    MANY_ENDED = EventKind(
        "RV-106",
        "many.ended",
        _(
            "%(initiator)s ended the access of many (%(scope)s): %(reason)s, people: %(people)s, receipt %(receipt)s"
        ),
        ("reason", "receipt", "details.scope", "details.people"),
        _("%(initiator)s could not end the access of many: %(why)s"),
    )
    PROJECT_ENDED = EventKind(
        "RV-107",
        "project.ended",
        _("%(initiator)s ended the project %(project)s: people: %(people)s, receipt %(receipt)s"),
        ("target", "reason", "receipt", "project", "details.people"),
        _("%(initiator)s could not end the project %(target)s: %(why)s"),
    )
    PROJECT_CREATED = EventKind(
        "PJ-101",
        "project.created",
        _("%(initiator)s created the project %(target)s, which ends at %(ends_at)s"),
        ("target", "project", "details.ends_at"),
    )
    PROJECT_CHANGED = EventKind(
        "PJ-102",
        "project.changed",
        _("%(initiator)s changed the project %(target)s: %(what)s"),
        ("target", "project", "details.what"),
    )
    PROJECT_EXTENDED = EventKind(
        "PJ-103",
        "project.extended",
        _("%(initiator)s moved the end of the project %(target)s from %(was)s to %(ends_at)s"),
        ("target", "project", "details.was", "details.ends_at", "personal.note"),
        _("%(initiator)s could not move the end of the project %(target)s: %(why)s"),
    )
    PROJECT_SHORTENED = EventKind(
        "PJ-104",
        "project.shortened",
        _("%(initiator)s brought the end of the project %(target)s forward from %(was)s to %(ends_at)s"),
        ("target", "project", "details.was", "details.ends_at"),
    )
    RESOURCE_DECLARED = EventKind(
        "PJ-105",
        "project.resource_declared",
        _("%(initiator)s declared what the project %(project)s gives outside: %(target)s (%(kind)s)"),
        ("target", "project", "details.kind"),
    )
    RESOURCE_WITHDRAWN = EventKind(
        "PJ-106",
        "project.resource_withdrawn",
        _("%(initiator)s no longer counts %(target)s (%(kind)s) among what the project %(project)s gives"),
        ("target", "project", "details.kind"),
    )
    MEMBER_ADDED = EventKind(
        "PJ-107",
        "project.member_added",
        _("%(initiator)s added %(target)s to the project %(project)s"),
        ("target", "project", "details.groups"),
    )
    MEMBER_REMOVED = EventKind(
        "PJ-108",
        "project.member_removed",
        _("%(initiator)s removed %(target)s from the project %(project)s"),
        ("target", "project", "details.groups"),
    )
    MANAGER_NAMED = EventKind(
        "PJ-109",
        "project.manager_named",
        _("%(initiator)s made %(target)s the manager of the project %(project)s"),
        ("target", "project"),
    )
    DEPUTY_NAMED = EventKind(
        "PJ-121",
        "project.deputy_named",
        _("%(initiator)s made %(target)s a deputy of the project %(project)s"),
        ("target", "project"),
    )
    DEPUTY_RELIEVED = EventKind(
        "PJ-122",
        "project.deputy_relieved",
        _("%(initiator)s relieved %(target)s as a deputy of the project %(project)s"),
        ("target", "project"),
    )
    ENDING_SCHEDULED = EventKind(
        "PJ-110",
        "project.ending_scheduled",
        _("%(initiator)s scheduled the end of the project %(target)s for %(due_at)s"),
        ("target", "project", "details.due_at"),
    )
    ENDING_CANCELLED = EventKind(
        "PJ-111",
        "project.ending_cancelled",
        _("%(initiator)s cancelled the end of the project %(target)s that was scheduled for %(due_at)s"),
        ("target", "project", "details.due_at"),
    )
    ENDING_BEGUN = EventKind(
        "PJ-150",
        "project.ending_begun",
        _("The end of the project %(target)s began, receipt %(receipt)s"),
        ("target", "project", "receipt", "details.ending", "details.asked_by"),
    )
    PROJECT_CHECKED = EventKind(
        "PJ-151",
        "project.checked",
        _(
            "Everything the project %(target)s had given was looked at again (%(which)s): nothing was alive or back"
        ),
        ("target", "project", "receipt", "details.which", "details.found"),
        _("A later look at the ended project %(target)s found fault: %(why)s, receipt %(receipt)s"),
    )
    REPORT_TAKEN = EventKind(
        "PJ-152",
        "project.report_taken",
        _("%(initiator)s took the access report of the project %(target)s as a file (%(form)s)"),
        ("target", "project", "receipt", "details.form", "details.sha256", "details.report"),
    )
    REPORT_SIGNED = EventKind(
        "PJ-153",
        "project.report_signed",
        _("%(initiator)s signed off the access report of the project %(target)s, as %(capacity)s"),
        ("target", "project", "receipt", "details.capacity", "details.report", "personal.note"),
        _("%(initiator)s could not sign off the access report of the project %(target)s: %(why)s"),
    )
    # --- A second person ---
    APPROVAL_ASKED = EventKind(
        "AP-101",
        "approval.asked",
        _("%(initiator)s asked for a second person (%(kind)s, %(target)s) because of: %(because)s"),
        ("target", "details.kind", "details.because"),
        _("%(initiator)s could not ask for a second person: %(why)s"),
    )
    APPROVAL_GIVEN = EventKind(
        "AP-102",
        "approval.given",
        _("%(initiator)s approved what somebody else had asked for (%(kind)s, %(target)s)"),
        ("target", "details.kind"),
        _("%(initiator)s could not approve: %(why)s"),
    )
    APPROVAL_DECLINED = EventKind(
        "AP-103",
        "approval.declined",
        _("%(initiator)s declined what somebody else had asked for (%(kind)s, %(target)s)"),
        ("target", "details.kind"),
        _("%(initiator)s could not decline: %(why)s"),
    )
    APPROVAL_WITHDRAWN = EventKind(
        "AP-104",
        "approval.withdrawn",
        _("%(initiator)s withdrew what waited for a second person (%(kind)s, %(target)s)"),
        ("target", "details.kind"),
    )
    APPROVAL_LAPSED = EventKind(
        "AP-105",
        "approval.lapsed",
        _("Nobody approved in time (%(kind)s, %(target)s)"),
        ("target", "details.kind"),
    )
    APPROVAL_OVERTAKEN = EventKind(
        "AP-106",
        "approval.overtaken",
        _("The project %(target)s ended before anybody approved what had been asked (%(kind)s)"),
        ("target", "details.kind", "details.ended_at"),
    )
    GLASS_BROKEN = EventKind(
        "AP-110",
        "glass.broken",
        _("%(initiator)s went alone without a second person (%(kind)s, %(target)s); to be reviewed"),
        ("target", "details.kind"),
        _("%(initiator)s could not go alone: %(why)s"),
    )
    GLASS_REVIEWED = EventKind(
        "AP-111",
        "glass.reviewed",
        _("%(initiator)s reviewed what somebody had done alone (%(kind)s, %(target)s): %(verdict)s"),
        ("target", "details.kind", "details.verdict"),
        _("%(initiator)s could not review: %(why)s"),
    )
    LEAVING_SCHEDULED = EventKind(
        "LV-101",
        "leaving.scheduled",
        _("%(initiator)s scheduled %(target)s to leave at %(leaves_at)s"),
        ("target", "reason", "details.leaves_at", "details.time_zone"),
        _("%(initiator)s could not schedule the leaving of %(target)s: %(why)s"),
    )
    LEAVING_CANCELLED = EventKind(
        "LV-102",
        "leaving.cancelled",
        _("%(initiator)s cancelled the leaving of %(target)s that was scheduled for %(leaves_at)s"),
        ("target", "reason", "details.leaves_at"),
        _("%(initiator)s could not cancel the leaving of %(target)s: %(why)s"),
    )
    LEAVING_OVERTAKEN = EventKind(
        "LV-103",
        "leaving.overtaken",
        _("The access of %(target)s had ended before the leaving at %(leaves_at)s: receipt %(receipt)s"),
        ("target", "reason", "receipt", "details.leaves_at"),
    )
    LEAVING_CARRIED_OUT = EventKind(
        "LV-104",
        "leaving.carried_out",
        _("The leaving of %(target)s, scheduled for %(leaves_at)s, was carried out: receipt %(receipt)s"),
        ("target", "reason", "receipt", "details.leaves_at"),
        _("The leaving of %(target)s could not be carried out: %(why)s"),
    )
    LEAVING_RESUMED = EventKind(
        "LV-105",
        "leaving.resumed",
        _("%(target)s may sign in again, so the leaving at %(leaves_at)s stands again"),
        ("target", "reason", "details.leaves_at"),
    )
    TASK_DONE = EventKind(
        "PJ-130",
        "project.task_done",
        _("%(initiator)s marked a task for %(target)s as done in %(system)s, receipt %(receipt)s"),
        ("target", "receipt", "details.step", "details.system", "personal.note"),
    )
    TASK_REOPENED = EventKind(
        "PJ-131",
        "project.task_reopened",
        _("%(initiator)s reopened a task for %(target)s in %(system)s, receipt %(receipt)s"),
        ("target", "receipt", "details.step", "details.system", "personal.note"),
    )
    CUT_OFF = EventKind(
        "RV-110",
        "revocation.cut_off",
        _("Cut off, read back through the guard: receipt %(receipt)s, %(sessions)s"),
        ("receipt",),
        _("Not yet cut off: receipt %(receipt)s, %(why)s"),
    )
    REVOCATION_REPEATED = EventKind(
        "RV-111",
        "revocation.repeated",
        _("%(initiator)s asked again for what receipt %(receipt)s had already done to %(target)s"),
        ("target", "reason", "receipt"),
    )
    REVOCATION_REFUSED = EventKind(
        "RV-112",
        "revocation.refused",
        _("%(initiator)s was not allowed to end the access of %(target)s (%(reason)s): %(why)s"),
        ("reason", "details.why"),
        usual=Outcome.REFUSED,
    )
    SIGN_IN_ALLOWED_AGAIN = EventKind(
        "RV-120",
        "sign_in.allowed_again",
        _("%(initiator)s allowed %(target)s to sign in again; old tokens stay dead, receipt %(receipt)s"),
        ("target", "reason"),
        _("%(initiator)s could not allow %(target)s to sign in again: %(why)s"),
    )

    WRONG_PERSON_SAID = EventKind(
        "RV-121",
        "wrong_person.said",
        _("%(initiator)s said that receipt %(receipt)s met the wrong person: %(target)s"),
        ("target", "receipt", "personal.note"),
    )
    WRONG_PERSON_GIVEN_BACK = EventKind(
        "RV-122",
        "wrong_person.given_back",
        _("%(initiator)s gave back to %(target)s what receipt %(receipt)s had taken; old tokens stay dead"),
        ("target", "receipt"),
        _("%(initiator)s could not give back to %(target)s what was taken: %(why)s"),
    )
    WRONG_PERSON_DECLINED = EventKind(
        "RV-123",
        "wrong_person.declined",
        _("%(initiator)s found that receipt %(receipt)s had met the right person: %(target)s"),
        ("target", "receipt", "personal.note"),
    )

    SECOND_FACTOR_PROVED = EventKind(
        "RV-130",
        "second_factor.proved",
        _("%(target)s is back with a second factor, proved to %(issuer)s, receipt %(receipt)s"),
        ("target", "details.issuer"),
    )
    SECOND_FACTOR_WAIVED = EventKind(
        "RV-131",
        "second_factor.waived",
        _(
            "%(initiator)s identified %(target)s in another way; no second factor is demanded any more, "
            "receipt %(receipt)s"
        ),
        ("target", "personal.note"),
        _("%(initiator)s could not waive the second factor of %(target)s: %(why)s"),
    )
    ENROLMENT_ALLOWED = EventKind(
        "RV-132",
        "second_factor.enrolment_allowed",
        _("%(initiator)s let %(target)s set up a second factor within the hour"),
        ("target", "personal.note"),
        _("%(initiator)s could not let %(target)s set up a second factor: %(why)s"),
    )
    CLAIMS_REDUCED = EventKind(
        "RV-140",
        "claims.reduced",
        _("The new token of %(target)s at %(issuer)s really says less, receipt %(receipt)s"),
        ("target", "details.issuer"),
    )
    CLAIMS_NOT_REDUCED = EventKind(
        "RV-141",
        "claims.not_reduced",
        _("The new token of %(target)s at %(issuer)s still claims what was lost, receipt %(receipt)s"),
        ("target", "details.issuer"),
        usual=Outcome.FAILED,
    )
    CLAIMS_NOT_COMPARED = EventKind(
        "RV-142",
        "claims.not_compared",
        _("The new token of %(target)s cannot be compared: %(issuer)s names no groups or roles"),
        ("target", "details.issuer"),
    )
    CLAIMS_NOT_SEEN = EventKind(
        "RV-143",
        "claims.not_seen",
        _("%(target)s did not sign in within a day, so no new token could be compared, receipt %(receipt)s"),
        ("target",),
    )
    CLAIMS_REGAINED = EventKind(
        "RV-144",
        "claims.regained",
        _(
            "%(initiator)s gave %(target)s back what was lost, so no new token is compared, receipt %(receipt)s"
        ),
        ("target",),
    )
    EXPLANATION_READ = EventKind(
        "RV-150",
        "explanation.read",
        _("%(initiator)s read why their access had been ended, receipt %(receipt)s"),
        ("target", "receipt"),
    )

    # --- People ---
    PERSON_IMPORTED = EventKind(
        "PE-101", "person.imported", _("%(initiator)s brought in %(target)s"), ("target",)
    )
    PERSON_CHANGED = EventKind(
        "PE-102", "person.changed", _("%(initiator)s changed what is known of %(target)s"), ("target",)
    )
    IDENTITY_LINKED = EventKind(
        "PE-103",
        "identity.linked",
        _("%(initiator)s linked an identity of realm %(realm)s to %(target)s"),
        ("target", "details.realm"),
    )
    IDENTITY_REFUSED = EventKind(
        "PE-104",
        "identity.refused",
        _("%(initiator)s offered an identity of realm %(realm)s for %(target)s that is somebody else's"),
        ("target", "details.realm"),
        usual=Outcome.REFUSED,
    )
    PERSON_VIEWED = EventKind(
        "PE-110", "person.viewed", _("%(initiator)s opened the sessions of %(target)s"), ("target",)
    )

    # --- Sessions becoming known ---
    SESSION_REPORTED = EventKind(
        "SE-101", "session.reported", _("%(initiator)s reported a sign-in of %(target)s"), ("target",)
    )
    SIGHTING_UNMATCHED = EventKind(
        "SE-102",
        "sighting.unmatched",
        _("%(initiator)s reported a sign-in in realm %(realm)s of somebody unknown here"),
        ("details.realm",),
    )

    SESSION_BEGUN = EventKind(
        "SE-103",
        "session.begun",
        _("%(target)s signed in to an application: %(client)s"),
        ("target", "details.client"),
    )

    SIGNAL_KEPT = EventKind(
        "SE-120",
        "signal.kept",
        _("%(initiator)s sent an event (%(kind)s): %(became)s"),
        ("details.kind", "details.became"),
    )

    # --- Roles and machine credentials ---
    ROLE_GRANTED = EventKind(
        "RO-101",
        "role.granted",
        _("%(initiator)s granted %(target)s the role %(role)s"),
        ("target", "details.role"),
        _("%(initiator)s could not grant a role to %(target)s: %(why)s"),
    )
    ROLE_REVOKED = EventKind(
        "RO-102",
        "role.revoked",
        _("%(initiator)s took the role %(role)s from %(target)s"),
        ("target", "details.role"),
        _("%(initiator)s could not take a role from %(target)s: %(why)s"),
    )
    ROLE_EXPIRED = EventKind(
        "RO-103",
        "role.expired",
        _("The role %(role)s of %(target)s reached its end"),
        ("target", "details.role"),
    )
    ROLE_CHANGED = EventKind(
        "RO-110",
        "role.changed",
        _("%(initiator)s changed what %(target)s is in the company's applications: %(change)s"),
        ("target", "details.change"),
        _("%(initiator)s could not change the groups of %(target)s: %(why)s"),
    )
    CREDENTIAL_CREATED = EventKind(
        "MC-101", "credential.created", _("%(initiator)s created the credential %(target)s"), ("target",)
    )
    CREDENTIAL_REVOKED = EventKind(
        "MC-102", "credential.revoked", _("%(initiator)s revoked the credential %(target)s"), ("target",)
    )

    # --- Settings ---
    ISSUER_SAVED = EventKind(
        "ST-101", "issuer.saved", _("%(initiator)s saved the issuer %(target)s"), ("target",)
    )
    APPLICATION_SAVED = EventKind(
        "ST-102", "application.saved", _("%(initiator)s saved the application %(target)s"), ("target",)
    )
    ENFORCEMENT_POINT_SAVED = EventKind(
        "ST-103",
        "enforcement_point.saved",
        _("%(initiator)s saved the enforcement point %(target)s"),
        ("target",),
    )
    SIGNING_KEY_DRAWN = EventKind(
        "ST-105",
        "signing_key.drawn",
        _("%(initiator)s had a new signing key drawn: %(target)s"),
        ("target",),
    )
    SIGNING_KEY_WITHDRAWN = EventKind(
        "ST-109",
        "signing_key.withdrawn",
        _("%(initiator)s withdrew the signing key %(target)s: nothing it signed is accepted any more"),
        ("target", "personal.note"),
    )
    OAUTH_CLIENT_SAVED = EventKind(
        "ST-106", "oauth_client.saved", _("%(initiator)s saved the OAuth client %(target)s"), ("target",)
    )
    OAUTH_SECRET_DRAWN = EventKind(
        "ST-107",
        "oauth_client.secret_drawn",
        _("%(initiator)s had a new secret drawn for the OAuth client %(target)s"),
        ("target",),
    )
    OAUTH_CLIENT_SWITCHED = EventKind(
        "ST-108",
        "oauth_client.switched",
        _("%(initiator)s switched the OAuth client %(target)s %(state)s"),
        ("target", "details.state"),
    )
    ISSUER_KEYS_CHANGED = EventKind(
        "ST-110",
        "issuer.keys_changed",
        _("%(initiator)s fetched other keys of the issuer %(target)s: %(added)s new, %(removed)s gone"),
        ("target", "details.added", "details.removed"),
        _("%(initiator)s could not fetch the keys of the issuer %(target)s: %(why)s"),
    )
    CONSENT_GIVEN = EventKind(
        "SI-110",
        "consent.given",
        _("%(initiator)s let %(target)s know who they are"),
        ("target", "details.scopes"),
    )
    CONSENT_REFUSED = EventKind(
        "SI-111",
        "consent.refused",
        _("%(initiator)s did not let %(target)s know who they are"),
        ("target", "details.scopes"),
    )
    GRANT_REUSED = EventKind(
        "SE-110",
        "grant.reused",
        _("A grant of %(target)s was used a second time (%(kind)s); its session is over"),
        ("target", "details.kind"),
        usual=Outcome.REFUSED,
    )
    TOKEN_EXPLAINED = EventKind(
        "ST-104", "token.explained", _("%(initiator)s had a pasted token explained; it was not kept")
    )

    # --- Signing in here ---
    SIGNED_IN = EventKind("SI-101", "sign_in.done", _("%(initiator)s signed in"))
    SIGN_IN_FAILED = EventKind(
        "SI-102", "sign_in.failed", _("A sign-in failed: %(why)s"), FAILURE_NEEDS, usual=Outcome.FAILED
    )
    SIGNED_OUT = EventKind("SI-103", "sign_in.ended", _("%(initiator)s signed out"))
    SECOND_FACTOR_SET_UP = EventKind(
        "SI-104", "second_factor.set_up", _("%(initiator)s set up a second factor")
    )
    SECOND_FACTOR_REMOVED = EventKind(
        "SI-105", "second_factor.removed", _("%(initiator)s removed a second factor")
    )
    PASSWORD_CHANGED = EventKind("SI-106", "password.changed", _("%(initiator)s changed their password"))
    PASSWORD_SET = EventKind(
        "SI-107", "password.set", _("%(initiator)s set the password of %(target)s"), ("target",)
    )
    SECOND_FACTOR_RESET = EventKind(
        "SI-108",
        "second_factor.reset",
        _("%(initiator)s removed the lost second factor of %(target)s"),
        ("target", "personal.note"),
    )
    SECOND_FACTOR_RENAMED = EventKind(
        "SI-109", "second_factor.renamed", _("%(initiator)s gave a second factor another name")
    )
    CALLER_UNPROVED = EventKind(
        "AC-401",
        "caller.unproved",
        _("A program could not prove who it is, at %(door)s: %(why)s"),
        (*FAILURE_NEEDS, "details.door"),
        usual=Outcome.REFUSED,
    )
    ACCESS_REFUSED = EventKind(
        "AC-403",
        "access.refused",
        _("%(initiator)s was not let in: %(why)s"),
        FAILURE_NEEDS,
        usual=Outcome.REFUSED,
    )

    # --- The blacklist ---
    BLACKLIST_LOST = EventKind(
        "BL-101", "blacklist.lost", _("The blacklist was lost, guards are closed: %(why)s"), ("details.why",)
    )
    BLACKLIST_REBUILT = EventKind(
        "BL-102",
        "blacklist.rebuilt",
        _("%(initiator)s rebuilt the blacklist: %(entries)s entries"),
        ("details.entries",),
    )
    BLACKLIST_DRIFT = EventKind(
        "BL-103",
        "blacklist.drift",
        _("Entries were missing from the blacklist and were put back: %(entries)s"),
        ("details.entries",),
    )

    # --- The record itself ---
    FIELDS_CREATED = EventKind("CH-001", "fields.created", _("%(initiator)s created %(target)s"), ("target",))
    FIELDS_CHANGED = EventKind(
        "CH-002", "fields.changed", _("%(initiator)s changed %(fields)s of %(target)s"), ("target",)
    )
    FIELDS_DELETED = EventKind("CH-003", "fields.deleted", _("%(initiator)s deleted %(target)s"), ("target",))
    TRAIL_KEY_REPLACED = EventKind(
        "CN-101",
        "trail_key.replaced",
        _("%(initiator)s had a new signing key drawn for the trail, number %(number)s"),
        ("target", "details.number", "details.vouched"),
    )
    CHAIN_VERIFIED = EventKind(
        "CN-110",
        "chain.verified",
        _("%(initiator)s checked the trail up to number %(checked)s, and nothing was wrong"),
        ("details.checked",),
        _("%(initiator)s checked the trail, and something is wrong: %(why)s"),
    )
    LEAVERS_RECEIVED = EventKind(
        "EV-101",
        "leavers.received",
        _("%(initiator)s brought in a list of %(rows)s leavers from HR"),
        ("target", "details.rows", "details.bad_rows", "details.sha256"),
    )
    EXCEPTION_EXPLAINED = EventKind(
        "EV-102",
        "exception.explained",
        _("%(initiator)s explained an exception: %(target)s"),
        ("target", "details.exception", "personal.note"),
    )
    EVIDENCE_BUILT = EventKind(
        "EV-110",
        "evidence.built",
        _("%(initiator)s built an evidence pack: %(rows)s leavers, %(open)s exceptions open"),
        ("target", "details.rows", "details.open", "details.seed", "details.sample", "details.sha256"),
    )
    DEMO_LOADED = EventKind("DE-101", "demo.loaded", _("%(initiator)s loaded the demo company"))
    EXPORTED = EventKind(
        "EX-101", "entries.exported", _("%(initiator)s exported %(rows)s rows"), ("details.rows",)
    )
    DETAILS_UNMASKED = EventKind(
        "PD-102",
        "personal_details.unmasked",
        _("%(initiator)s unmasked personal details of entry %(entry)s: %(kinds)s"),
        ("target", "details.entry", "details.kinds", "personal.purpose"),
    )
    VIEW_SAVED = EventKind(
        "VW-101", "view.saved", _("%(initiator)s saved a view of the trail: %(target)s"), ("target",)
    )
    VIEW_SHARED = EventKind(
        "VW-102",
        "view.shared",
        _("%(initiator)s switched the sharing of a view of the trail %(state)s: %(target)s"),
        ("target", "details.state"),
    )
    VIEW_DELETED = EventKind(
        "VW-103", "view.deleted", _("%(initiator)s deleted a view of the trail: %(target)s"), ("target",)
    )
    EXPORT_FETCHED = EventKind(
        "EX-102",
        "export.fetched",
        _("%(initiator)s fetched an exported file of %(rows)s rows"),
        ("target", "details.rows"),
    )
    RETENTION_APPLIED = EventKind(
        "PD-103",
        "retention.applied",
        _("%(initiator)s let go of %(count)s personal values whose time was over"),
        ("details.count",),
    )
    PERSON_ERASED = EventKind(
        "PD-104",
        "person.erased",
        _("%(initiator)s erased %(target)s"),
        ("target", "personal.note"),
        _("%(initiator)s could not erase %(target)s: %(why)s"),
    )
    PERSON_FILE_TAKEN = EventKind(
        "PD-105",
        "person.file_taken",
        _("%(initiator)s took the file of %(target)s, with %(entries)s entries"),
        ("target", "details.entries", "details.sha256", "personal.purpose"),
    )
    OWN_DATA_TAKEN = EventKind(
        "PD-106",
        "person.own_data_taken",
        _("%(initiator)s took what is kept of them, with %(entries)s entries"),
        ("target", "details.entries", "details.sha256"),
    )
    HOLD_OPENED = EventKind(
        "PD-110",
        "legal_hold.opened",
        _("%(initiator)s put a legal hold on what is kept of %(target)s, case %(case)s"),
        ("target", "details.case", "details.review_on", "personal.note"),
        _("%(initiator)s could not put a legal hold on what is kept of %(target)s: %(why)s"),
    )
    HOLD_RELEASED = EventKind(
        "PD-111",
        "legal_hold.released",
        _("%(initiator)s released the legal hold on what is kept of %(target)s, case %(case)s"),
        ("target", "details.case", "personal.note"),
    )
    EXPORT_ASKED = EventKind(
        "EX-103",
        "export.asked",
        _("%(initiator)s asked for a large export, to be written in the background"),
        ("target", "details.form"),
    )
    EXPORT_CANCELLED = EventKind(
        "EX-104", "export.cancelled", _("%(initiator)s cancelled an export"), ("target",)
    )
    PERSONAL_VALUES_BLANKED = EventKind(
        "PD-101",
        "personal_values.blanked",
        _("%(initiator)s blanked %(count)s personal values of %(target)s"),
        ("target", "details.count"),
    )


ALL_EVENTS: tuple[EventKind, ...] = tuple(
    kind for kind in vars(Events).values() if isinstance(kind, EventKind)
)
_BY_NAME = {kind.name: kind for kind in ALL_EVENTS}
_BY_CODE = {kind.code: kind for kind in ALL_EVENTS}


def listed(event: EventKind | str) -> EventKind:
    """The event as listed here, by itself or by its name. Raises UnknownEvent."""
    kind = _BY_NAME.get(event) if isinstance(event, str) else _BY_CODE.get(event.code)
    if kind is None or (isinstance(event, EventKind) and event is not kind):
        raise UnknownEvent(event)
    return kind


def of_code(code: str) -> EventKind:
    """The event an entry's code stands for, done or failed. Raises UnknownEvent."""
    kind = _BY_CODE.get(code.removesuffix("F"))
    if kind is None:
        raise UnknownEvent(code)
    return kind
