"""Every page worth looking at: who sees it, where it is, and what to do there before looking."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.acts import (
    Act,
    FirstLink,
    as_it_is,
    asking_for_consent,
    asking_to_sign_in_again,
    bringing_in_leavers,
    checking_again,
    confirm_it_is_me,
    explaining,
    making_a_credential,
    naming_people,
    opening_dialog,
    opening_exports,
    opening_menu,
    opening_row,
    previewing_all_who_match,
    registering_a_client,
    saving_a_view,
    saying_wrong_person,
    scheduling_a_leaving,
    selecting_two_sessions,
    sending_empty,
    signing_in_wrongly,
    ticking_everybody,
    unmasking,
    verifying,
    walking_on,
)
from tests.browser.chromium import Visitors

ID = r"[0-9a-f-]{36}"
SET_UP = "/accounts/2fa/totp/activate/"
NOBODY = "q=nobody+of+this+name"
FOREIGN_TOKEN = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2Vsc2V3aGVyZS5leGFtcGxlIn0."


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What somebody did before, so that a page has something to show whatever was opened first."""

    who: str
    at: str | FirstLink
    act: Act = as_it_is


@dataclass(frozen=True, kw_only=True)
class ShownPage:
    """`who` is empty for somebody not signed in; `act` is done on the page before anybody looks.

    `confirming` says that the page first asks whether it is still the same person.
    """

    name: str
    at: str | FirstLink
    who: str = ""
    act: Act = as_it_is
    confirming: bool = False
    earlier: tuple[Earlier, ...] = ()

    def open(self, page: Page, visitors: Visitors) -> None:
        """Go there and wait until it is ready to be looked at."""
        for each in self.earlier:
            with visitors.visit(each.who) as other:
                other.goto(address_of(each.at, other))
                each.act(other)
        page.goto(address_of(self.at, page))
        if self.confirming:
            confirm_it_is_me(page, password=visitors.curfew.password)
        self.act(page)


def address_of(at: str | FirstLink, page: Page) -> str:
    return at if isinstance(at, str) else at.find(page)


def person(name: str, then: str = "") -> FirstLink:
    """The page of the first person found by this name."""
    return FirstLink(on=f"/people/?q={name}", like=rf"/people/{ID}/", then=then)


A_RECEIPT = FirstLink(on="/revocations/?q=joaquin", like=r"/revocations/CF-\w+/")
AN_ENDING = FirstLink(on="/projects/helios/", like=rf"/projects/helios/endings/{ID}/")
A_TASK = FirstLink(on="/tasks/", like=rf"/tasks/{ID}/")
A_RECEIPT_OF_MANY = FirstLink(on="/revocations/?q=helios", like=r"/revocations/CF-\w+/")
A_VERSION_OF_MANY = FirstLink(on=A_RECEIPT_OF_MANY.on, like=A_RECEIPT_OF_MANY.like, then="v/1/")
A_VERSION = FirstLink(on=A_RECEIPT.on, like=A_RECEIPT.like, then="v/1/")
A_SESSION = FirstLink(on="/sessions/?q=ines", like=rf"/sessions/{ID}/")
AN_ENTRY = FirstLink(on="/audit/", like=r"/audit/\d+/")
A_MASKED_ENTRY = FirstLink(on="/audit/?q=actor:hana+action:SI-101", like=r"/audit/\d+/", then="unmask/")
A_MASKED_RECORD = FirstLink(on=A_MASKED_ENTRY.on, like=A_MASKED_ENTRY.like)
HANA_CAME = (Earlier(who="hana", at="/"),)
OTTOS_SIGN_IN = FirstLink(on="/audit/?q=actor:otto+action:SI-101", like=A_MASKED_ENTRY.like, then="unmask/")
OTTOS_SESSION = FirstLink(on="/sessions/?q=otto", like=rf"/sessions/{ID}/")
LOOKED_AT_OTTO = (
    Earlier(who="otto", at="/me/"),
    Earlier(who="sam", at=OTTOS_SESSION),
    Earlier(who="aude", at=OTTOS_SIGN_IN, act=unmasking),
)
SAVE_VIEW = "/audit/views/save/?q="
VIEWS_WERE_SAVED = (
    Earlier(
        who="sam", at=f"{SAVE_VIEW}reason:security_incident", act=saving_a_view("Incidents", is_shared=True)
    ),
    Earlier(
        who="aude",
        at=f"{SAVE_VIEW}reason:offboarding+action:RV-101+created:90d",
        act=saving_a_view("Leavers of the quarter", is_shared=True),
    ),
    Earlier(who="aude", at=f"{SAVE_VIEW}actor:ivan+-action:AC", act=saving_a_view("What IT did")),
)
A_GRANT = FirstLink(on="/settings/roles/grant/?q=ines", like=rf"/settings/roles/grant/{ID}/")
AN_ISSUER = FirstLink(on="/settings/issuers/", like=r"/settings/issuers/\d+/")
AN_APPLICATION = FirstLink(on="/settings/applications/", like=r"/settings/applications/\d+/")
A_POINT = FirstLink(on="/settings/enforcement-points/", like=r"/settings/enforcement-points/\d+/")
A_POINT_TO_EDIT = FirstLink(
    on="/settings/enforcement-points/", like=r"/settings/enforcement-points/\d+/", then="edit/"
)
A_CLIENT = FirstLink(on="/settings/oauth-clients/", like=r"/settings/oauth-clients/\d+/")
A_CLIENT_TO_SWITCH = FirstLink(on=A_CLIENT.on, like=A_CLIENT.like, then="switch/")

SIGN_IN = [
    ShownPage(name="sign-in", at="/accounts/login/"),
    ShownPage(name="sign-in-refused", at="/accounts/login/", act=signing_in_wrongly),
    ShownPage(name="not-found-signed-out", at="/nowhere/"),
    ShownPage(name="sign-out", at="/accounts/logout/", who="hana"),
    ShownPage(name="second-factor", at="/accounts/2fa/", who="hana"),
    ShownPage(name="confirm-it-is-you", at=SET_UP, who="hana"),
    ShownPage(name="second-factor-set-up", at=SET_UP, who="hana", confirming=True),
    ShownPage(name="second-factor-wrong", at=SET_UP, who="hana", confirming=True, act=sending_empty),
    ShownPage(name="change-password", at="/accounts/password/change/", who="hana"),
]

OVERVIEW = [
    ShownPage(name="overview", at="/", who="ivan"),
    ShownPage(name="overview-as-auditor", at="/", who="aude"),
    ShownPage(name="approvals", at="/approvals/", who="sam"),
    ShownPage(name="second-factor-needed", at="/step-up/set-up/?next=/approvals/", who="hana"),
]

PEOPLE = [
    ShownPage(name="people", at="/people/", who="hana"),
    ShownPage(name="people-as-admin", at="/people/?q=costa", who="ada"),
    ShownPage(name="people-filtered", at="/people/?q=prado&state=cut-off", who="hana"),
    ShownPage(name="people-nobody", at=f"/people/?{NOBODY}", who="hana"),
    ShownPage(name="person", at=person("Ines"), who="hana"),
    ShownPage(name="person-as-it", at=person("Ines"), who="ivan"),
    ShownPage(name="person-access", at=person("Ines", "?tab=access"), who="ivan"),
    ShownPage(name="person-timeline", at=person("Joaquin", "?tab=timeline"), who="sam"),
    ShownPage(name="person-revocations", at=person("Joaquin", "?tab=revocations"), who="sam"),
    ShownPage(name="person-revocations-none", at=person("Ines", "?tab=revocations"), who="sam"),
    ShownPage(name="person-oneself", at=person("Hana"), who="hana"),
    ShownPage(name="person-ended", at=person("Joaquin"), who="ivan"),
    ShownPage(name="person-end-session", at=person("Ines"), who="ivan", act=opening_menu),
]

TERMINATE = [
    ShownPage(name="terminate", at="/people/?q=ines", who="hana", act=opening_dialog("Terminate now")),
    ShownPage(
        name="terminate-by-security", at=person("Ines"), who="sam", act=opening_dialog("Terminate now")
    ),
    ShownPage(name="terminate-namesake", at=person("Maria"), who="hana", act=opening_dialog("Terminate now")),
    ShownPage(name="terminate-page", at=person("Ines", "terminate/"), who="hana"),
    ShownPage(name="terminate-no-reason", at=person("Chen", "terminate/"), who="sam", act=sending_empty),
    ShownPage(
        name="terminate-privileged", at="/people/?q=sam", who="hana", act=opening_dialog("Terminate now")
    ),
    ShownPage(name="terminate-refused", at=person("Hana", "terminate/"), who="hana"),
    ShownPage(name="change-role", at=person("Ines", "role/"), who="ivan"),
    ShownPage(name="change-role-dialog", at=person("Ines"), who="ivan", act=opening_dialog("Change role")),
    ShownPage(
        name="allow-sign-in", at=person("Joaquin"), who="ivan", act=opening_dialog("Allow sign-in again")
    ),
]

CARLOS_LEAVES = (Earlier(who="hana", at=person("Carlos", "leaving/"), act=scheduling_a_leaving),)

LEAVING = [
    ShownPage(name="leaving", at=person("Ines"), who="hana", act=opening_dialog("Schedule leaving")),
    ShownPage(name="leaving-empty", at=person("Marina", "leaving/"), who="ivan", act=sending_empty),
    ShownPage(name="leaving-scheduled", at=person("Carlos"), who="hana", earlier=CARLOS_LEAVES),
    ShownPage(
        name="leaving-change",
        at=person("Carlos"),
        who="hana",
        earlier=CARLOS_LEAVES,
        act=opening_dialog("Change leaving"),
    ),
    ShownPage(
        name="leaving-take-back",
        at=person("Carlos"),
        who="ivan",
        earlier=CARLOS_LEAVES,
        act=opening_dialog("Take back"),
    ),
    ShownPage(name="leaving-list", at="/people/?leaving=scheduled", who="sam", earlier=CARLOS_LEAVES),
]

WAS_WRONG = (Earlier(who="ivan", at=A_RECEIPT, act=saying_wrong_person),)

REVOCATIONS = [
    ShownPage(name="wrong-person", at=A_RECEIPT, who="sam", act=opening_dialog("This was the wrong person")),
    ShownPage(name="wrong-person-said", at=A_RECEIPT, who="sam", earlier=WAS_WRONG),
    ShownPage(name="give-back", at=A_RECEIPT, who="sam", earlier=WAS_WRONG, act=opening_dialog("Give back")),
    ShownPage(
        name="right-person",
        at=A_RECEIPT,
        who="sam",
        earlier=WAS_WRONG,
        act=opening_dialog("It was the right person"),
    ),
    ShownPage(name="receipt", at=A_RECEIPT, who="sam"),
    ShownPage(name="receipt-version", at=A_VERSION, who="sam"),
    ShownPage(name="revocations", at="/revocations/", who="sam"),
    ShownPage(name="revocations-none", at="/revocations/", who="hana"),
    ShownPage(name="revocations-not-found", at="/revocations/?q=CF-0000000000", who="sam"),
]

SESSIONS = [
    ShownPage(name="sessions", at="/sessions/", who="sam"),
    ShownPage(name="sessions-row", at="/sessions/?q=ines", who="sam", act=opening_row),
    ShownPage(name="selection", at="/sessions/?q=ines", who="sam", act=selecting_two_sessions),
    ShownPage(name="crowd-selected", at="/people/?q=ines", who="ivan", act=ticking_everybody),
    ShownPage(name="crowd-many", at="/people/many/", who="ivan"),
    ShownPage(name="crowd-preview", at="/people/?q=a", who="ivan", act=previewing_all_who_match),
    ShownPage(name="at-application", at=person("ines", "at-application/"), who="ivan"),
    ShownPage(name="crowd-everyone", at="/sessions/everyone/", who="sam"),
    ShownPage(name="sessions-as-hr", at="/sessions/?q=ines", who="hana"),
    ShownPage(name="sessions-none", at=f"/sessions/?{NOBODY}", who="sam"),
    ShownPage(name="session", at=A_SESSION, who="sam"),
    ShownPage(name="session-no-reason", at=A_SESSION, who="sam", act=sending_empty),
    ShownPage(name="me", at="/me/", who="otto"),
    ShownPage(name="me-looked-at", at="/me/", who="otto", earlier=LOOKED_AT_OTTO),
    ShownPage(name="me-with-a-role", at="/me/", who="hana", act=opening_menu),
]

PROJECTS = [
    ShownPage(name="projects", at="/projects/", who="ivan"),
    ShownPage(name="projects-as-manager", at="/projects/", who="paula"),
    ShownPage(name="projects-none", at=f"/projects/?{NOBODY}", who="ivan"),
    ShownPage(name="project", at="/projects/phoenix/", who="paula"),
    ShownPage(name="project-as-it", at="/projects/phoenix/", who="ivan"),
    ShownPage(name="project-as-auditor", at="/projects/atlas/", who="aude"),
    ShownPage(name="project-planned", at="/projects/orion/", who="paula"),
    ShownPage(name="project-ended", at="/projects/helios/", who="ivan"),
    ShownPage(name="project-report", at="/projects/helios/report/", who="paula"),
    ShownPage(name="project-report-as-auditor", at="/projects/helios/report/", who="aude", act=sending_empty),
    ShownPage(name="project-report-checked", at="/projects/helios/report/", who="ivan", act=checking_again),
    ShownPage(name="project-report-none", at="/projects/atlas/report/", who="paula"),
    ShownPage(name="project-new", at="/projects/new/", who="ivan", act=sending_empty),
    ShownPage(name="end-project-scope", at="/projects/phoenix/end/", who="paula"),
    ShownPage(name="end-project-when", at="/projects/phoenix/end/", who="paula", act=walking_on(1)),
    ShownPage(name="end-project-reason", at="/projects/phoenix/end/", who="paula", act=walking_on(2)),
    ShownPage(name="end-project-check", at="/projects/phoenix/end/", who="paula", act=walking_on(3)),
    ShownPage(name="ending", at=AN_ENDING, who="paula"),
    ShownPage(name="tasks", at="/tasks/", who="ivan"),
    ShownPage(name="task", at=A_TASK, who="ivan", act=sending_empty),
    ShownPage(name="receipt-of-many", at=A_RECEIPT_OF_MANY, who="sam"),
    ShownPage(name="receipt-of-many-version", at=A_VERSION_OF_MANY, who="paula"),
    ShownPage(name="project-edit", at="/projects/phoenix/edit/", who="paula"),
    ShownPage(name="project-end-date", at="/projects/atlas/end-date/", who="paula"),
    ShownPage(name="project-members-add", at="/projects/orion/members/add/", who="paula", act=naming_people),
    ShownPage(
        name="project-member-remove", at="/projects/phoenix/", who="paula", act=opening_dialog("Remove")
    ),
    ShownPage(
        name="project-resource-new", at="/projects/orion/resources/new/", who="paula", act=sending_empty
    ),
    ShownPage(
        name="project-resource-withdraw",
        at="/projects/phoenix/",
        who="paula",
        act=opening_dialog("Withdraw"),
    ),
]

AUDIT = [
    ShownPage(name="audit", at="/audit/", who="aude"),
    ShownPage(name="audit-row", at="/audit/?q=action:RV", who="aude", act=opening_row),
    ShownPage(name="audit-filtered", at="/audit/?q=actor:ivan+-action:AC+created:7d", who="aude"),
    ShownPage(name="audit-unreadable", at="/audit/?q=whom:ines", who="aude"),
    ShownPage(name="audit-view-save", at="/audit/?q=actor:ivan", who="aude", act=opening_dialog("Save view")),
    ShownPage(name="audit-views-none", at="/audit/views/", who="sam"),
    ShownPage(name="audit-entry", at=AN_ENTRY, who="aude"),
    ShownPage(name="audit-none", at="/audit/?q=nobody+of+this+name", who="aude"),
    ShownPage(name="audit-views", at="/audit/views/", who="aude", earlier=VIEWS_WERE_SAVED),
    ShownPage(name="audit-masked", at=A_MASKED_RECORD, who="aude", earlier=HANA_CAME),
    ShownPage(name="audit-unmask", at=A_MASKED_ENTRY, who="aude", earlier=HANA_CAME, act=sending_empty),
    ShownPage(name="audit-unmasked", at=A_MASKED_ENTRY, who="aude", earlier=HANA_CAME, act=unmasking),
    ShownPage(name="audit-export", at="/audit/?q=actor:ivan", who="aude", act=opening_exports),
    ShownPage(name="audit-exports-none", at="/audit/exports/", who="aude"),
    ShownPage(name="audit-verify", at="/audit/verify/", who="sam"),
    ShownPage(name="audit-verified", at="/audit/verify/", who="aude", act=verifying),
    ShownPage(name="audit-format", at="/audit/format/", who="aude"),
    ShownPage(name="audit-as-hr", at="/audit/", who="hana"),
    ShownPage(name="evidence-lists", at="/audit/evidence/", who="aude", act=sending_empty),
    ShownPage(name="evidence", at="/audit/evidence/", who="aude", act=bringing_in_leavers),
]

SETTINGS = [
    ShownPage(name="settings", at="/settings/", who="ada"),
    ShownPage(name="settings-as-auditor", at="/settings/", who="aude"),
    ShownPage(name="roles", at="/settings/roles/", who="ada"),
    ShownPage(name="policies", at="/settings/policies/", who="ada"),
    ShownPage(name="policies-edit", at="/settings/policies/edit/", who="ada"),
    ShownPage(name="roles-none", at=f"/settings/roles/?{NOBODY}", who="ada"),
    ShownPage(name="role-who", at="/settings/roles/grant/?q=ines", who="ada"),
    ShownPage(name="role-grant", at=A_GRANT, who="ada", act=sending_empty),
    ShownPage(name="role-take-back", at="/settings/roles/", who="ada", act=opening_dialog("Take back")),
    ShownPage(name="issuers", at="/settings/issuers/", who="ada"),
    ShownPage(name="issuer-new", at="/settings/issuers/new/", who="ada"),
    ShownPage(name="issuer-edit", at=AN_ISSUER, who="ada"),
    ShownPage(name="explain", at="/settings/issuers/explain/", who="ada", act=explaining(FOREIGN_TOKEN)),
    ShownPage(name="unmatched", at="/settings/unmatched/", who="ada"),
    ShownPage(name="applications", at="/settings/applications/", who="ada"),
    ShownPage(name="application-new", at="/settings/applications/new/", who="ada", act=sending_empty),
    ShownPage(name="application-edit", at=AN_APPLICATION, who="ada"),
    ShownPage(name="points", at="/settings/enforcement-points/", who="ada"),
    ShownPage(name="point", at=A_POINT, who="ivan"),
    ShownPage(name="point-mode", at=A_POINT, who="ada", act=opening_dialog("Observe only")),
    ShownPage(name="point-edit", at=A_POINT_TO_EDIT, who="ada"),
    ShownPage(name="oauth-clients", at="/settings/oauth-clients/", who="ada"),
    ShownPage(name="oauth-client-new", at="/settings/oauth-clients/new/", who="ada", act=sending_empty),
    ShownPage(
        name="oauth-client-made", at="/settings/oauth-clients/new/", who="ada", act=registering_a_client
    ),
    ShownPage(name="oauth-client-edit", at=A_CLIENT, who="ada"),
    ShownPage(name="oauth-client-switch", at=A_CLIENT_TO_SWITCH, who="ada"),
    ShownPage(name="consent", at="/settings/oauth-clients/new/", who="ada", act=asking_for_consent),
    ShownPage(
        name="sign-in-again", at="/settings/oauth-clients/new/", who="ada", act=asking_to_sign_in_again
    ),
    ShownPage(name="signing-keys", at="/settings/signing-keys/", who="ivan"),
    ShownPage(
        name="signing-key-rotate", at="/settings/signing-keys/", who="ada", act=opening_dialog("Rotate now")
    ),
    ShownPage(
        name="signing-key-withdraw",
        at="/settings/signing-keys/",
        who="ada",
        act=opening_dialog("Withdraw now"),
    ),
    ShownPage(name="signing-keys-as-admin", at="/settings/signing-keys/", who="ada"),
    ShownPage(name="credentials-none", at="/settings/credentials/", who="ivan"),
    ShownPage(name="credential-new", at="/settings/credentials/new/", who="ada"),
    ShownPage(name="credential-made", at="/settings/credentials/new/", who="ada", act=making_a_credential),
    ShownPage(name="credentials", at="/settings/credentials/", who="ada"),
    ShownPage(name="person-file", at=person("leonie", "file/"), who="sam"),
    ShownPage(name="person-erase", at=person("leonie", "erase/"), who="ada"),
    ShownPage(name="personal-data", at="/settings/personal-data/", who="ada"),
    ShownPage(name="legal-hold-new", at="/settings/personal-data/holds/new/", who="ada"),
]

ERRORS = [
    ShownPage(name="refused", at="/people/", who="otto"),
    ShownPage(name="not-found", at="/nowhere/", who="hana"),
]

PAGES = [
    *SIGN_IN,
    *OVERVIEW,
    *PEOPLE,
    *TERMINATE,
    *LEAVING,
    *REVOCATIONS,
    *SESSIONS,
    *PROJECTS,
    *AUDIT,
    *SETTINGS,
    *ERRORS,
]
