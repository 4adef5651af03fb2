"""Why a named change did not happen: a small family that every door turns into its own words once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class ChangeRefused(Exception):
    """Nothing was changed. `code` is stable; `sentence` is for whoever asked."""

    code = "refused"
    sentence: StrOrPromise = _("This is not allowed.")

    def __str__(self) -> str:
        return str(self.sentence)


class ValuesRefused(ChangeRefused):
    """Some values cannot be kept. `problems` holds (field, sentence) pairs and never a value."""

    code = "values_refused"

    def __init__(self, *problems: tuple[str, StrOrPromise]) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return " ".join(f"{field}: {sentence}" for field, sentence in self.problems)


class TooManyReported(ChangeRefused):
    code = "too_many_reported"
    sentence = _("More was reported of this person today than is kept in a day.")


# --- Naming people, sessions and tokens -----------------------------------------------------------


class PersonUnknown(ChangeRefused):
    code = "person_unknown"
    sentence = _("No person is known by this name here.")


class PersonAmbiguous(ChangeRefused):
    """Several people answer to the name. `people` are (user name, employee number) pairs, at most five."""

    code = "person_ambiguous"

    def __init__(self, people: list[tuple[str, str]]) -> None:
        super().__init__(people)
        self.people = people

    def __str__(self) -> str:
        named = ", ".join(
            f"{username} ({number})" if number else username for username, number in self.people
        )
        return str(_("More than one person answers to this name: %(people)s.")) % {"people": named}


class SessionUnknown(ChangeRefused):
    code = "session_unknown"
    sentence = _(
        "No session is known by this id. To end what nobody reported, end the whole person's access."
    )


class TokenUnknown(ChangeRefused):
    code = "token_unknown"
    sentence = _("No token is known by this id. End its session, or the whole person's access.")


class TokenOver(ChangeRefused):
    code = "token_over"
    sentence = _("This token has reached its own end, so there is nothing left to revoke.")


class IdAmbiguous(ChangeRefused):
    code = "id_ambiguous"
    sentence = _("This id exists in more than one realm. Name the issuer as well.")


class RealmUnknown(ChangeRefused):
    code = "realm_unknown"
    sentence = _("No issuer and no realm of this name is configured.")


class ApplicationUnknown(ChangeRefused):
    code = "application_unknown"
    sentence = _("No application of this key is configured.")


class EventReused(ChangeRefused):
    code = "event_reused"
    sentence = _("This event id was sent before, with another body.")


class NothingDemanded(ChangeRefused):
    code = "nothing_demanded"
    sentence = _("No second factor is demanded of this person.")


# --- Identities and sightings ---------------------------------------------------------------------


class IdentityTaken(ChangeRefused):
    code = "identity_taken"
    sentence = _("This identity belongs to somebody else. One identity belongs to one person for ever.")

    def __init__(self, realm_key: str) -> None:
        super().__init__(realm_key)
        self.realm_key = realm_key


class SessionTaken(ChangeRefused):
    code = "session_taken"
    sentence = _("This session id was reported before, for another identity.")


class TokenTaken(ChangeRefused):
    code = "token_taken"
    sentence = _("This token id was reported before, for another session.")


# --- People ---------------------------------------------------------------------------------------


class UsernameTaken(ChangeRefused):
    code = "username_taken"
    sentence = _("Somebody else has this user name.")


class ManagerUnknown(ChangeRefused):
    code = "manager_unknown"
    sentence = _("No person with the manager's external id is known here.")


# --- Roles ----------------------------------------------------------------------------------------


class GrantingToOneself(ChangeRefused):
    code = "granting_to_oneself"
    sentence = _("Nobody grants a role to themselves or takes one from themselves.")


class MachinesGrantNoRoles(ChangeRefused):
    code = "machines_grant_no_roles"
    sentence = _("Roles are granted here by people, never by a machine.")


class ReasonTooShort(ChangeRefused):
    code = "reason_too_short"
    sentence = _("Say why, in at least 3 characters.")


class PersonIsBlocked(ChangeRefused):
    code = "person_is_blocked"
    sentence = _("This person may not sign in, so they cannot be given a role.")


class AlreadyGranted(ChangeRefused):
    code = "already_granted"
    sentence = _("This person already has this role for these people.")


class NotGranted(ChangeRefused):
    code = "not_granted"
    sentence = _("This role was already taken back or has reached its end.")


class LastAdminStays(ChangeRefused):
    code = "last_admin"
    sentence = _("This is the last Admin without an end date. Make somebody else Admin first.")


class AdminsCoverEverybody(ChangeRefused):
    code = "admins_cover_everybody"
    sentence = _(
        "The role Admin is about settings, not about people, so it cannot be narrowed to some of them."
    )


# --- Machine credentials and settings ---------------------------------------------------------------


class CredentialOver(ChangeRefused):
    code = "credential_over"
    sentence = _("This credential was already revoked.")


class RealmIsFixed(ChangeRefused):
    code = "realm_is_fixed"
    sentence = _(
        "Sessions of this issuer are known, and every one is named by its realm in the blacklist. "
        "The realm and the issuer's name cannot change any more."
    )


# --- Projects ---------------------------------------------------------------------------------------


class ProjectOver(ChangeRefused):
    code = "project_over"
    sentence = _("This project has ended. What has ended is not changed any more.")


class KeyTaken(ChangeRefused):
    code = "key_taken"
    sentence = _("Another project has this key. A key is never given twice.")


class SecondPersonNeeded(ChangeRefused):
    """`why` holds the codes of what of it is too much for one person."""

    code = "second_person_needed"
    sentence = _("This takes a second person.")

    def __init__(self, *why: str) -> None:
        super().__init__(*why)
        self.why = why


class MayNotExtend(ChangeRefused):
    code = "may_not_extend"
    sentence = _(
        "Whoever asked for this may not move the end of the project any more. Somebody else has to ask anew."
    )


class OwnMembership(ChangeRefused):
    code = "own_membership"
    sentence = _("Nobody adds themselves to a project or removes themselves from it.")


class NoContractor(ChangeRefused):
    code = "no_contractor"
    sentence = _(
        "This person has a role or a group of the company's own. Only IT or Security put them on a project, because "
        "its end could end their sign-in."
    )


class DirectoryOwnsGroup(ChangeRefused):
    code = "directory_owns_group"
    sentence = _("A directory decides who is in this group. Change it there.")


class NotAMember(ChangeRefused):
    code = "not_a_member"
    sentence = _("This person is not on the project.")


class EndingOver(ChangeRefused):
    code = "ending_over"
    sentence = _("This has begun, or is over, and cannot be cancelled any more.")


# --- A second person --------------------------------------------------------------------------------


class ApprovalOver(ChangeRefused):
    code = "approval_over"
    sentence = _(
        "This does not wait any more: it was decided, withdrawn or overtaken, or nobody approved in time."
    )


class AskerGone(ChangeRefused):
    code = "asker_gone"
    sentence = _("Whoever asked for this may not sign in any more. Somebody else has to ask anew.")


class MachinesNeverApprove(ChangeRefused):
    code = "machines_never_approve"
    sentence = _("Only a person who is signed in is a second person.")


class NobodyAnswers(ChangeRefused):
    code = "nobody_answers"
    sentence = _(
        "This takes a second person, and there is no first one: nobody is known who made the credential."
    )


class ApprovingOwnRequest(ChangeRefused):
    code = "approving_own_request"
    sentence = _(
        "You asked for this yourself, or are the same person under another account. Somebody else decides."
    )


class ApprovingForOneself(ChangeRefused):
    code = "approving_for_oneself"
    sentence = _("This is about you. Somebody else decides.")


class MayNotApprove(ChangeRefused):
    code = "may_not_approve"
    sentence = _("Your role does not approve this.")


class SecurityMustApprove(ChangeRefused):
    code = "security_must_approve"
    sentence = _("Admins or members of Security are concerned, so one of the two people must be in Security.")


class OnlyWhoAsked(ChangeRefused):
    code = "only_who_asked"
    sentence = _("Only whoever asked for it may do this.")


class GlassNotForThis(ChangeRefused):
    code = "glass_not_for_this"
    sentence = _("Only Security goes alone, with what they asked for themselves, and only to end access.")


class NothingToReview(ChangeRefused):
    code = "nothing_to_review"
    sentence = _("There is nothing to review here, or somebody has reviewed it already.")


# --- Leaving ----------------------------------------------------------------------------------------


class AccessIsOver(ChangeRefused):
    code = "access_is_over"
    sentence = _("Sign-in is blocked for this person already, so there is nothing left to schedule.")


class LeavingChanged(ChangeRefused):
    code = "leaving_changed"
    sentence = _("Somebody scheduled, changed or cancelled this leaving meanwhile. Look at it as it is now.")


class LeavingOver(ChangeRefused):
    code = "leaving_over"
    sentence = _("This leaving has begun, or is over, and cannot be cancelled any more.")


# --- The wrong person -------------------------------------------------------------------------------


class NotInReceipt(ChangeRefused):
    code = "not_in_receipt"
    sentence = _("This receipt ended nothing of this person.")


class CorrectionOver(ChangeRefused):
    code = "correction_over"
    sentence = _("Somebody has decided this already.")


class EndingScheduled(ChangeRefused):
    code = "ending_scheduled"
    sentence = _(
        "The end of this project is scheduled already. It stays so while a second person is asked for something "
        "else: cancel it first, then ask."
    )


class NothingToDo(ChangeRefused):
    code = "nothing_to_do"
    sentence = _("There is nothing left to do here: somebody else was quicker.")


# --- Many at once -----------------------------------------------------------------------------------


class PeopleRefused(ChangeRefused):
    """Nobody was brought in, because of some. `problems` maps a position (0 = first) to its refusal."""

    code = "people_refused"

    def __init__(self, problems: dict[int, ChangeRefused]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        count = len(self.problems)
        return ngettext(
            "%(count)d person cannot be brought in.", "%(count)d people cannot be brought in.", count
        ) % {"count": count}
