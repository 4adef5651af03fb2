"""The permission matrix: who may do what, once, for every page, fragment and test."""

from __future__ import annotations

from enum import Enum, IntEnum

from django.utils.translation import gettext_lazy as _

from sessions_app.models import Role


class Reach(IntEnum):
    """How far a right goes. `OWN` is what the person did or made; a population narrows `ALL` further."""

    NO = 0
    OWN = 1
    ALL = 2


class May(Enum):
    """A thing somebody may do; the value is how the matrix names it on screen."""

    SEE_PEOPLE = _("See people")
    SEE_SESSIONS = _("See a person's sessions")
    SEE_SESSION_ORIGIN = _("See address, place and device of a session")
    SEE_REVOCATIONS = _("See revocations and receipts")
    TERMINATE_PEOPLE = _("Terminate now")
    SCHEDULE_LEAVING = _("Schedule a leaving")
    END_SESSIONS = _("End one session")
    SIGN_OUT_EVERYONE = _("Sign out everyone, with a second person")
    ALLOW_SIGN_IN_AGAIN = _("Allow sign-in again")
    SAY_WRONG_PERSON = _("Say that a receipt met the wrong person")
    END_PROJECTS = _("End Project")
    DO_TASKS = _("Do the manual tasks of ended projects")
    CHANGE_MEMBERSHIPS = _("Change a person's groups and entitlements")
    SEE_PROJECTS = _("See projects")
    CREATE_PROJECTS = _("Create projects, name managers and groups")
    EDIT_PROJECTS = _("Edit projects and their members")
    EXTEND_PROJECTS = _("Extend and shorten projects")
    SEE_AUDIT = _("Browse the audit trail")
    UNMASK_DETAILS = _("Unmask personal details of an entry, with a purpose")
    EXPORT_AUDIT = _("Export the audit trail")
    BUILD_EVIDENCE = _("Build evidence packs")
    VERIFY_AUDIT = _("Verify the audit trail")
    SEE_CONFIGURATION = _("See issuers, applications and enforcement points")
    CHANGE_CONFIGURATION = _("Change issuers, applications, enforcement points and people")
    SEE_CREDENTIALS = _("See machine credentials")
    CHANGE_CREDENTIALS = _("Create and revoke machine credentials")
    SEE_ROLES = _("See roles")
    CHANGE_ROLES = _("Grant and revoke roles")
    SEE_PERSONAL_DATA = _("See what is kept of people, and legal holds")
    CHANGE_HOLDS = _("Open and release legal holds")
    ERASE_PEOPLE = _("Erase people whose access has ended")
    TAKE_FILES = _("Take the file of a person for a dispute")
    SEE_PROJECT_REPORTS = _("Read and take a project's access report")
    SIGN_OFF_REPORT = _("Sign off a project's access report")
    CHECK_PROJECTS = _("Check an ended project again")
    SEE_APPROVALS = _("See what waits for a second person, and what became of it")
    APPROVE = _("Approve what somebody else asked for (HR: offboarding)")
    BREAK_GLASS = _("Go alone where a second person is needed")
    SEE_POLICIES = _("See policies")
    CHANGE_POLICIES = _("Change policies")


COLUMNS = (Role.HR, Role.IT, Role.SECURITY, Role.PROJECT_MANAGER, Role.AUDITOR, Role.ADMIN)

NO, OWN, ALL = Reach.NO, Reach.OWN, Reach.ALL

# fmt: off
MATRIX: dict[May, tuple[Reach, ...]] = {
    #                          HR   IT   Sec. PM   Aud. Admin
    May.SEE_PEOPLE:           (ALL, ALL, ALL, NO,  ALL, ALL),
    May.SEE_SESSIONS:         (ALL, ALL, ALL, NO,  ALL, NO),
    May.SEE_SESSION_ORIGIN:   (NO,  ALL, ALL, NO,  NO,  NO),
    May.SEE_REVOCATIONS:      (OWN, ALL, ALL, OWN, ALL, NO),
    May.TERMINATE_PEOPLE:     (ALL, ALL, ALL, NO,  NO,  NO),
    May.SCHEDULE_LEAVING:     (OWN, ALL, ALL, NO,  NO,  NO),
    May.END_SESSIONS:         (NO,  ALL, ALL, NO,  NO,  NO),
    May.SIGN_OUT_EVERYONE:    (NO,  NO,  ALL, NO,  NO,  NO),
    May.ALLOW_SIGN_IN_AGAIN:  (NO,  ALL, ALL, NO,  NO,  NO),
    May.SAY_WRONG_PERSON:     (OWN, ALL, ALL, NO,  NO,  NO),
    May.END_PROJECTS:         (NO,  ALL, ALL, OWN, NO,  NO),
    May.DO_TASKS:             (NO,  ALL, ALL, NO,  NO,  NO),
    May.CHANGE_MEMBERSHIPS:   (NO,  ALL, ALL, NO,  NO,  NO),
    May.SEE_PROJECTS:         (NO,  ALL, ALL, OWN, ALL, NO),
    May.CREATE_PROJECTS:      (NO,  ALL, ALL, NO,  NO,  NO),
    May.EDIT_PROJECTS:        (NO,  ALL, ALL, OWN, NO,  NO),
    May.EXTEND_PROJECTS:      (NO,  ALL, ALL, OWN, NO,  NO),
    May.SEE_AUDIT:            (OWN, OWN, ALL, NO,  ALL, OWN),
    May.UNMASK_DETAILS:       (NO,  NO,  NO,  NO,  ALL, NO),
    May.EXPORT_AUDIT:         (OWN, OWN, ALL, NO,  ALL, OWN),
    May.BUILD_EVIDENCE:       (NO,  NO,  ALL, NO,  ALL, NO),
    May.VERIFY_AUDIT:         (NO,  NO,  ALL, NO,  ALL, NO),
    May.SEE_CONFIGURATION:    (NO,  ALL, ALL, NO,  NO,  ALL),
    May.CHANGE_CONFIGURATION: (NO,  NO,  NO,  NO,  NO,  ALL),
    May.SEE_CREDENTIALS:      (NO,  OWN, OWN, NO,  ALL, ALL),
    May.CHANGE_CREDENTIALS:   (NO,  OWN, OWN, NO,  NO,  ALL),
    May.SEE_ROLES:            (NO,  NO,  NO,  NO,  ALL, ALL),
    May.CHANGE_ROLES:         (NO,  NO,  NO,  NO,  NO,  ALL),
    May.SEE_PERSONAL_DATA:    (NO,  NO,  ALL, NO,  ALL, ALL),
    May.CHANGE_HOLDS:         (NO,  NO,  ALL, NO,  NO,  ALL),
    May.ERASE_PEOPLE:         (NO,  NO,  NO,  NO,  NO,  ALL),
    May.TAKE_FILES:           (NO,  NO,  ALL, NO,  ALL, NO),
    May.SEE_PROJECT_REPORTS:  (NO,  ALL, ALL, OWN, ALL, NO),
    May.SIGN_OFF_REPORT:      (NO,  NO,  NO,  OWN, ALL, NO),
    May.CHECK_PROJECTS:       (NO,  ALL, ALL, NO,  NO,  NO),
    May.SEE_APPROVALS:        (OWN, ALL, ALL, OWN, ALL, NO),
    May.APPROVE:              (ALL, ALL, ALL, NO,  NO,  NO),
    May.BREAK_GLASS:          (NO,  NO,  ALL, NO,  NO,  NO),
    May.SEE_POLICIES:         (NO,  ALL, ALL, NO,  ALL, ALL),
    May.CHANGE_POLICIES:      (NO,  NO,  NO,  NO,  NO,  ALL),
}
# fmt: on


# What a role for a period of the trail opens. Every other page is about how things stand now.
WITHIN_A_PERIOD = frozenset({May.SEE_AUDIT, May.EXPORT_AUDIT, May.UNMASK_DETAILS, May.VERIFY_AUDIT})


def reach_of(roles: frozenset[Role], may: May) -> Reach:
    """How far these roles together let somebody do this; `NO` for somebody without a role."""
    return max((MATRIX[may][COLUMNS.index(role)] for role in roles), default=Reach.NO)


def roles_with(may: May, reach: Reach = Reach.ALL) -> frozenset[Role]:
    """The roles that have exactly this reach for it: what a queryset's `visible_to` is given."""
    return frozenset(role for role, cell in zip(COLUMNS, MATRIX[may], strict=True) if cell == reach)
