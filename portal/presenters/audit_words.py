"""Short words for the events of the trail, as the table says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from audit.initiators import Door
from audit.presentation import name_codes
from portal.roles import May
from sessions_app.changes.blast_radius import Why

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

GROUPS: dict[str, StrOrPromise] = {
    "RV": _("ending access"),
    "PE": _("people"),
    "SE": _("sessions reported"),
    "RO": _("roles"),
    "MC": _("machine credentials"),
    "ST": _("settings"),
    "CH": _("field changes"),
    "SI": _("signing in"),
    "AC": _("refused pages"),
    "BL": _("the blacklist"),
    "CN": _("the chain"),
    "EV": _("evidence"),
    "VW": _("saved views"),
    "PD": _("personal details"),
    "PJ": _("projects"),
    "AP": _("second persons"),
    "LV": _("leaving"),
}

TITLES: dict[str, StrOrPromise] = {
    "RV-101": _("Terminated"),
    "RV-102": _("Session ended"),
    "RV-103": _("Token revoked"),
    "RV-104": _("Sessions ended"),
    "RV-105": _("Ended with others"),
    "RV-106": _("Many ended"),
    "RV-107": _("Project ended"),
    "PJ-110": _("End scheduled"),
    "PJ-111": _("End cancelled"),
    "PJ-150": _("Project's end began"),
    "PJ-151": _("Project checked again"),
    "AP-101": _("Approval asked for"),
    "AP-102": _("Approved"),
    "AP-103": _("Declined"),
    "AP-104": _("Withdrawn"),
    "AP-105": _("Not approved in time"),
    "AP-106": _("Overtaken by the project’s end"),
    "AP-110": _("Done alone"),
    "AP-111": _("Reviewed"),
    "LV-101": _("Leaving scheduled"),
    "LV-102": _("Leaving cancelled"),
    "LV-103": _("Left earlier"),
    "LV-104": _("Left as scheduled"),
    "LV-105": _("Leaving stands again"),
    "PJ-152": _("Project report taken"),
    "PJ-153": _("Project report signed"),
    "PJ-130": _("Task done"),
    "PJ-131": _("Task reopened"),
    "RV-110": _("Cut off"),
    "RV-111": _("Asked again"),
    "RV-112": _("Not allowed"),
    "RV-120": _("Sign-in allowed again"),
    "RV-121": _("Wrong person"),
    "RV-122": _("Given back"),
    "RV-123": _("Right person"),
    "RV-130": _("Second factor proved"),
    "RV-131": _("Second factor waived"),
    "RV-132": _("Set-up allowed"),
    "RV-140": _("Claims reduced"),
    "RV-141": _("Claims not reduced"),
    "RV-142": _("Claims not compared"),
    "RV-143": _("Claims not seen"),
    "RV-144": _("Claims given back"),
    "RV-150": _("Explanation read"),
    "PE-101": _("Person brought in"),
    "PE-102": _("Person changed"),
    "PE-103": _("Identity linked"),
    "PE-104": _("Identity refused"),
    "PE-110": _("Sessions looked at"),
    "SE-101": _("Sign-in reported"),
    "SE-102": _("Somebody unknown"),
    "SE-103": _("Signed in to"),
    "RO-101": _("Role granted"),
    "RO-102": _("Role taken back"),
    "RO-103": _("Role ended"),
    "RO-110": _("Role changed"),
    "PJ-101": _("Project created"),
    "PJ-102": _("Project changed"),
    "PJ-103": _("Project extended"),
    "PJ-104": _("End brought forward"),
    "PJ-105": _("Resource declared"),
    "PJ-106": _("Resource withdrawn"),
    "PJ-107": _("Member added"),
    "PJ-108": _("Member removed"),
    "PJ-109": _("Manager named"),
    "PJ-121": _("Deputy named"),
    "PJ-122": _("Deputy relieved"),
    "SE-120": _("Event received"),
    "MC-101": _("Credential created"),
    "MC-102": _("Credential revoked"),
    "ST-101": _("Issuer saved"),
    "ST-110": _("Issuer's keys changed"),
    "ST-102": _("Application saved"),
    "ST-103": _("Point saved"),
    "ST-104": _("Token explained"),
    "ST-105": _("Signing key drawn"),
    "ST-109": _("Signing key withdrawn"),
    "ST-106": _("OAuth client saved"),
    "ST-107": _("Secret drawn"),
    "ST-108": _("OAuth client switched"),
    "SI-110": _("Consent given"),
    "SI-111": _("Consent refused"),
    "SE-110": _("Grant used twice"),
    "SI-101": _("Signed in"),
    "SI-102": _("Sign-in failed"),
    "SI-103": _("Signed out"),
    "SI-104": _("Second factor set up"),
    "SI-105": _("Second factor removed"),
    "SI-106": _("Password changed"),
    "SI-107": _("Password set"),
    "SI-108": _("Second factor reset"),
    "SI-109": _("Second factor renamed"),
    "AC-401": _("Caller not proved"),
    "AC-403": _("Page refused"),
    "BL-101": _("Blacklist lost"),
    "BL-102": _("Blacklist rebuilt"),
    "BL-103": _("Entries put back"),
    "CH-001": _("Created"),
    "CH-002": _("Changed"),
    "CH-003": _("Deleted"),
    "CN-101": _("Trail key replaced"),
    "CN-110": _("Trail verified"),
    "EV-101": _("Leavers received"),
    "EV-102": _("Exception explained"),
    "EV-110": _("Evidence built"),
    "DE-101": _("Demo loaded"),
    "EX-101": _("Exported"),
    "EX-102": _("Export fetched"),
    "VW-101": _("View saved"),
    "VW-102": _("View shared or not"),
    "VW-103": _("View deleted"),
    "PD-103": _("Values let go"),
    "PD-104": _("Person erased"),
    "PD-105": _("Person's file taken"),
    "PD-106": _("Own data taken"),
    "PD-110": _("Hold opened"),
    "PD-111": _("Hold released"),
    "EX-103": _("Export asked for"),
    "EX-104": _("Export cancelled"),
    "PD-101": _("Values blanked"),
    "PD-102": _("Details unmasked"),
}


def title_of(code: str) -> StrOrPromise:
    """What an entry's code says in two or three words; the code itself where nobody named it yet."""
    return TITLES.get(code.removesuffix("F"), code)


REFUSED_BECAUSE: dict[str, StrOrPromise] = {
    "csrf": _("the form came from another site, or was too old"),
    "wrong_name_or_password": _("the name or the password was wrong"),
    "wrong_password": _("the password was wrong"),
    "wrong_code": _("the code was wrong"),
    "wrong_passkey": _("the passkey was not accepted"),
}
# Why one person alone may not: what the policy's tiers found.
BECAUSE: dict[str, StrOrPromise] = {
    Why.MANY_PEOPLE: _("more people than one person may end alone"),
    Why.SHARE_OF_STAFF: _("a larger share of everybody than one person may end alone"),
    Why.MANY_SESSIONS: _("more sessions than one person may end alone"),
    Why.PRIVILEGED: _("an Admin or somebody in Security is concerned"),
    Why.EVERYONE: _("it is about everyone"),
    Why.BEYOND_LIMIT: _("longer than one person may extend a project"),
}
DOORS: dict[str, StrOrPromise] = {
    Door.PAGE: _("a page"),
    Door.API: _("the API"),
    Door.SHELL: _("the shell"),
    Door.CLOCK: _("the clock"),
    Door.GUARD: _("a guard"),
    Door.SIGN_IN: _("sign-in"),
    Door.OAUTH: _("the authorization server"),
}


def name_our_codes() -> None:
    """What the portal puts into entries, in words for their sentences; called once when the app is ready."""
    lacking = {right.name.lower(): right.value for right in May}
    name_codes("why", {**lacking, **REFUSED_BECAUSE})
    name_codes("door", DOORS)
    name_codes("because", BECAUSE)
