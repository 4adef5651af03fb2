"""One signed version of a receipt as PDF: the same words as its page, and the signed document attached."""

from __future__ import annotations

import json

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from audit.receipts import signed
from audit.tagged_pdf import TaggedPdf
from portal import times
from portal.presenters.receipt_versions import VersionPage


def as_pdf(page: VersionPage) -> bytes:
    """Names stand only on the pages; the attached document is the signed one and holds ids."""
    version = page.version
    pdf = TaggedPdf(
        title=page.title, language=get_language() or "en", made_at=version.made_at, foot=page.title
    )
    pdf.heading(page.title, 1)
    pdf.paragraph(
        _("%(change)s. Made %(at)s.") % {"change": page.change, "at": times.exact(version.made_at)},
        is_dim=True,
    )
    if not page.is_genuine:
        pdf.paragraph(_("This document is not what was signed. Do not rely on it; have the trail verified."))
    pdf.heading(_("What was signed"), 2)
    pdf.facts(page.facts)
    if page.is_of_many:
        _people(pdf, page)
    else:
        _sessions(pdf, page)
    _entries(pdf, page)
    _signature(pdf, page)
    return pdf.output()


def _people(pdf: TaggedPdf, page: VersionPage) -> None:
    pdf.heading(_("People"), 2)
    if not page.people:
        pdf.paragraph(_("Nobody."))
        return
    pdf.table(
        [_("Person"), _("Cut off from"), _("Sessions"), _("Sign-in"), _("Goes on, or left out")],
        [
            [
                each.name,
                each.cutoff or "–",
                str(each.sessions),
                each.sign_in,
                each.left_out or each.keeps or "–",
            ]
            for each in page.people
        ],
        widths=(0.26, 0.24, 0.1, 0.14, 0.26),
    )


def _sessions(pdf: TaggedPdf, page: VersionPage) -> None:
    pdf.heading(_("Sessions ended"), 2)
    if not page.sessions:
        pdf.paragraph(_("No session was known to be open."))
        return
    pdf.table(
        [_("Person and applications"), _("Began"), _("Cannot be cut before"), _("Session")],
        [
            [f"{each.person}, {each.applications}", each.began, each.until or "–", each.id]
            for each in page.sessions
        ],
        widths=(0.28, 0.22, 0.22, 0.28),
    )


def _entries(pdf: TaggedPdf, page: VersionPage) -> None:
    pdf.heading(_("Entries of the trail"), 2)
    pdf.table(
        [_("What"), _("Time"), _("Number in the chain"), _("Hash")],
        [[f"{each.code} {each.title}", each.at, each.number, each.hash or "–"] for each in page.entries],
        widths=(0.28, 0.22, 0.18, 0.32),
    )


def _signature(pdf: TaggedPdf, page: VersionPage) -> None:
    name = f"{page.version.receipt}-v{page.version.number}.json"
    pdf.heading(_("Signature"), 2)
    pdf.facts(
        [
            (_("Fingerprint of the key"), page.fingerprint),
            (_("SHA-256 of the document"), page.hash),
            (_("Signed document"), _("attached as %s") % name),
        ]
    )
    pdf.paragraph(
        _(
            "This PDF shows the document and is not signed itself. To check the document, save the attached file and "
            "run: python3 verifier.py %(name)s --key-fingerprint FINGERPRINT. Take the fingerprint from elsewhere."
        )
        % {"name": name}
    )
    pdf.attach(
        name,
        json.dumps(signed(page.version), indent=1, ensure_ascii=False).encode(),
        description=_("The signed document, without names"),
    )
