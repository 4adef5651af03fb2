"""The contents of settings: what exists and may be opened, and who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.access import may, requires_any
from portal.htmx import HtmxRequest, page_or_part
from portal.presenters.mail_state import mail_state
from portal.roles import COLUMNS, MATRIX, May, Reach

if TYPE_CHECKING:
    from django.utils.functional import Promise

REACH_WORDS = {Reach.NO: "", Reach.OWN: _("own"), Reach.ALL: _("all")}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One page of settings and what it is for."""

    name: str
    title: Promise
    line: Promise
    needs: May

    @property
    def url(self) -> str:
        return reverse(self.name)


SECTIONS = (
    Section(
        name="roles",
        title=_("Roles"),
        line=_("Who may do what in Curfew, and until when."),
        needs=May.SEE_ROLES,
    ),
    Section(
        name="policies",
        title=_("Policies"),
        line=_("How much one person may end alone, and how long a second one is waited for."),
        needs=May.SEE_POLICIES,
    ),
    Section(
        name="issuers",
        title=_("Issuers"),
        line=_("Whose tokens are accepted, and how they are read."),
        needs=May.SEE_CONFIGURATION,
    ),
    Section(
        name="applications",
        title=_("Applications"),
        line=_("What people sign in to, and how it learns that access ended."),
        needs=May.SEE_CONFIGURATION,
    ),
    Section(
        name="enforcement_points",
        title=_("Enforcement points"),
        line=_("Services and gateways that ask before they let a request through."),
        needs=May.SEE_CONFIGURATION,
    ),
    Section(
        name="oauth_clients",
        title=_("OAuth clients"),
        line=_("Programs that may ask Curfew's authorization server for tokens."),
        needs=May.SEE_CONFIGURATION,
    ),
    Section(
        name="signing_keys",
        title=_("Signing keys"),
        line=_("What Curfew's authorization server signs tokens with, and when the next key follows."),
        needs=May.SEE_CONFIGURATION,
    ),
    Section(
        name="unmatched",
        title=_("Unmatched sightings"),
        line=_("Sign-ins that were reported of people nobody knows here."),
        needs=May.SEE_CONFIGURATION,
    ),
    Section(
        name="credentials",
        title=_("Machine credentials"),
        line=_("What programs prove themselves with, and until when."),
        needs=May.SEE_CREDENTIALS,
    ),
    Section(
        name="personal_data",
        title=_("Personal data"),
        line=_("Everything that is kept of people: what for, how long, who reads it, and legal holds."),
        needs=May.SEE_PERSONAL_DATA,
    ),
)


@require_safe
@requires_any(May.SEE_CONFIGURATION, May.SEE_CREDENTIALS, May.SEE_ROLES, May.SEE_POLICIES)
def home(request: HtmxRequest) -> HttpResponse:
    """The sections this reader may open, and the matrix by which every page decides."""
    context = {
        "sections": [section for section in SECTIONS if may(request.user, section.needs)],
        "mail": mail_state() if may(request.user, May.SEE_CONFIGURATION) else None,
        "roles": COLUMNS,
        "matrix": [(what.value, [REACH_WORDS[cell] for cell in cells]) for what, cells in MATRIX.items()],
    }
    return page_or_part(request, "portal/settings/home.html", "contents", context)
