"""The report of a project's end as PDF for screen readers: exceptions first, then everybody, system by system."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from audit.evidence import project_words as words
from audit.evidence.project_document import fingerprint_of
from audit.evidence.project_report import Contractor, ProjectReport
from audit.evidence.words import moment
from audit.signing import grouped
from audit.tagged_pdf import TaggedPdf

MOST_ROWS = 1500


def as_pdf(report: ProjectReport, *, made_at: datetime, to_the_moment: bool) -> bytes:
    """`to_the_moment` is for readers who may know when exactly somebody was last active."""
    title = _("Access report: %s") % report.name
    pdf = TaggedPdf(title=title, language=get_language() or "en", made_at=made_at, foot=title)
    pdf.heading(title, 1)
    pdf.paragraph(str(words.HOW_IT_IS_MADE), is_dim=True)
    _exceptions(pdf, report, made_at)
    _end(pdf, report)
    _contractors(pdf, report, to_the_moment=to_the_moment)
    _systems(pdf, report)
    _whole(pdf, report)
    _checks(pdf, report)
    _sign_offs(pdf, report, made_at=made_at)
    return pdf.output()


def _exceptions(pdf: TaggedPdf, report: ProjectReport, made_at: datetime) -> None:
    pdf.heading(_("Exceptions"), 2)
    found = words.exceptions_of(report, at=made_at)
    if not found:
        pdf.paragraph(_("There are none."))
        return
    _limited(pdf, len(found))
    rows = [[each.who, each.what, _entry(each.entry)] for each in found[:MOST_ROWS]]
    pdf.table([_("Who"), _("What"), _("Entry")], rows, widths=(0.28, 0.6, 0.12))


def _end(pdf: TaggedPdf, report: ProjectReport) -> None:
    pdf.heading(_("How it ended"), 2)
    pdf.facts(words.end_facts(report))


def _contractors(pdf: TaggedPdf, report: ProjectReport, *, to_the_moment: bool) -> None:
    pdf.heading(_("Contractors"), 2)
    if not report.contractors:
        pdf.paragraph(_("Nobody was on it."))
        return
    _limited(pdf, len(report.contractors))
    pdf.table(
        [_("Contractor"), _("Last active"), _("Sessions"), _("Revoked at"), _("Sign-in"), _("Entry")],
        [_row(each, to_the_moment=to_the_moment) for each in report.contractors[:MOST_ROWS]],
        widths=(0.24, 0.18, 0.1, 0.2, 0.18, 0.1),
    )


def _row(each: Contractor, *, to_the_moment: bool) -> list[str]:
    return [
        words.contractor_words(each),
        words.last_active_words(each, to_the_moment=to_the_moment),
        str(each.sessions_ended),
        moment(each.cutoff_at) if each.cutoff_at else _("sessions stay"),
        words.sign_in_words(each),
        str(each.entry),
    ]


def _systems(pdf: TaggedPdf, report: ProjectReport) -> None:
    if not report.contractors:
        return
    pdf.heading(_("System by system"), 2)
    rows = [
        [words.contractor_words(each), f"{line.system}, {line.what}", *_said(line)]
        for each in report.contractors
        for line in words.systems_of(each, report)
    ]
    _limited(pdf, len(rows))
    pdf.table(_columns(), rows[:MOST_ROWS], widths=(0.2, 0.28, 0.2, 0.22, 0.1))


def _columns() -> list[str]:
    return [_("Contractor"), _("System"), _("State"), _("Evidence"), _("Entry")]


def _said(line: words.SystemLine) -> list[str]:
    at = f"{line.word}, {moment(line.at)}" if line.at else line.word
    evidence = (
        f"{line.evidence} ({line.by})" if line.evidence and line.by else line.evidence or line.by or "–"
    )
    return [at, evidence, _entry(line.entry)]


def _whole(pdf: TaggedPdf, report: ProjectReport) -> None:
    if not report.tasks:
        return
    pdf.heading(_("Taken away as a whole"), 2)
    lines = [words.task_line(task) for task in report.tasks]
    pdf.table(
        _columns()[1:],
        [[f"{line.system}, {line.what}", *_said(line)] for line in lines[:MOST_ROWS]],
        widths=(0.34, 0.24, 0.32, 0.1),
    )


def _checks(pdf: TaggedPdf, report: ProjectReport) -> None:
    pdf.heading(_("Later checks"), 2)
    if not report.checks:
        pdf.paragraph(_("None was planned."))
        return
    pdf.table(
        [_("Which"), _("Done"), _("Found"), _("Entry")],
        [
            [words.which_words(each), moment(each.done_at), words.check_words(each), _entry(each.entry)]
            for each in report.checks
        ],
        widths=(0.18, 0.22, 0.5, 0.1),
    )


def _sign_offs(pdf: TaggedPdf, report: ProjectReport, *, made_at: datetime) -> None:
    current = fingerprint_of(report)
    pdf.heading(_("Sign-off"), 2)
    pdf.facts(
        [
            (_("SHA-256 of the report"), grouped(current)),
            (_("Made"), moment(made_at)),
            (_("What is signed"), _("report.json of the pack: ids, codes and moments, without names")),
        ]
    )
    if not report.sign_offs:
        pdf.paragraph(_("Nobody has signed it off yet."))
        return
    pdf.table(
        [_("As"), _("Who"), _("When"), _("Signed"), _("Note"), _("Entry")],
        [
            [
                words.capacity_words(each),
                words.doer_words(each.by),
                moment(each.at),
                f"{words.sign_off_words(each, is_current=each.sha256 == current)} ({each.sha256[:16]}…)",
                each.note or "–",
                str(each.entry),
            ]
            for each in report.sign_offs
        ],
        widths=(0.14, 0.16, 0.17, 0.22, 0.22, 0.09),
    )


def _entry(entry: int | None) -> str:
    return str(entry) if entry else "–"


def _limited(pdf: TaggedPdf, count: int) -> None:
    if count > MOST_ROWS:
        said = _("The first %(shown)d of %(all)d are listed; report.csv holds all.")
        pdf.paragraph(said % {"shown": MOST_ROWS, "all": count})
