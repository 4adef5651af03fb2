"""The pack as PDF for screen readers: the match first, exceptions before the rest, one page for each case."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fpdf import FPDF

from audit.evidence import words
from audit.evidence.matching import MatchRow
from audit.evidence.pack import Pack
from audit.evidence.response_times import LIMIT_MS, TARGET_MS, ResponseTimes
from audit.signing import current_fingerprint, grouped
from audit.tagged_pdf import MARGIN, TaggedPdf

MOST_PAGES, MOST_ROWS = 120, 2000
BAR_LEFT, BAR_WIDTH, BAR_HEIGHT = MARGIN + 38, 110.0, 6.5
GREEN, AMBER, RED = (36, 122, 82), (178, 116, 10), (180, 46, 40)


def as_pdf(pack: Pack) -> bytes:
    title = _("Evidence of leavers, %s") % pack.matched.period
    pdf = TaggedPdf(title=title, language=get_language() or "en", made_at=pack.made_at, foot=title)
    pdf.heading(title, 1)
    _match(pdf, pack)
    _exceptions(pdf, pack)
    _population(pdf, pack)
    _times(pdf, pack.times)
    _sample(pdf, pack)
    _roles(pdf, pack)
    _settings(pdf, pack)
    for row in _cases(pdf, pack):
        _case(pdf, row)
    return pdf.output()


def _cases(pdf: TaggedPdf, pack: Pack) -> list[MatchRow]:
    """Exceptions first, then the sample; each once. The sample is never left out for want of room."""
    exceptions = pack.matched.exceptions
    if len(exceptions) > MOST_PAGES:
        said = _("The first %(shown)d of %(all)d exceptions have a page of their own; match.csv holds all.")
        pdf.paragraph(said % {"shown": MOST_PAGES, "all": len(exceptions)})
    rows = [*exceptions[:MOST_PAGES], *pack.sample]
    return list({row.key: row for row in rows}.values())


def _match(pdf: TaggedPdf, pack: Pack) -> None:
    found = pack.matched
    pdf.paragraph(str(words.HOW_MATCHED), is_dim=True)
    facts = [(str(label), str(len(found.of(kind)))) for kind, label in words.KINDS.items()]
    pdf.facts(
        [
            *facts,
            (_("Exceptions still open"), str(len(found.open))),
            (_("Made"), words.moment(pack.made_at)),
            (_("Fingerprint of the key"), grouped(current_fingerprint())),
            (_("Entries of the period not yet sealed"), str(pack.not_sealed)),
            (_("Confirmed by outside systems"), str(words.NO_OUTSIDE_SYSTEMS)),
        ]
    )


def _exceptions(pdf: TaggedPdf, pack: Pack) -> None:
    pdf.heading(_("Exceptions"), 2)
    rows = pack.matched.exceptions
    if not rows:
        pdf.paragraph(_("There are none."))
        return
    _limited(pdf, rows)
    pdf.table(
        [_("Who"), _("What"), _("Receipt"), _("Explained")],
        [
            [
                f"{row.name} ({row.key})",
                words.kind_words(row),
                row.case.receipt if row.case else "–",
                words.explanation_words(row),
            ]
            for row in rows[:MOST_ROWS]
        ],
        widths=(0.3, 0.24, 0.16, 0.3),
    )


def _limited(pdf: TaggedPdf, rows: Sequence[object]) -> None:
    if len(rows) > MOST_ROWS:
        said = _("The first %(shown)d of %(all)d are listed; match.csv holds all.")
        pdf.paragraph(said % {"shown": MOST_ROWS, "all": len(rows)})


def _population(pdf: TaggedPdf, pack: Pack) -> None:
    kept = pack.matched.leavers
    pdf.heading(_("The population, from HR"), 2)
    pdf.facts(
        [
            (_("Source"), kept.source),
            (_("Query"), kept.query),
            (_("Rows"), str(kept.rows)),
            (_("SHA-256 of the file"), kept.sha256),
            (_("Received"), words.moment(kept.received_at)),
            (_("Hours allowed after the last day"), str(kept.allowed_hours)),
        ]
    )
    if pack.matched.bad:
        pdf.paragraph(_("These rows are wrong and are not part of the population:"))
        pdf.table(
            [_("Line"), _("Why")],
            [[str(line), why] for line, why in pack.matched.bad[:MOST_ROWS]],
            (0.15, 0.85),
        )


def _times(pdf: TaggedPdf, times: ResponseTimes) -> None:
    pdf.heading(_("Response times, from the click or call to cut off"), 2)
    height = BAR_HEIGHT * len(times.bars) + 4
    pdf.picture(height, lambda page: _draw(page, times), alternative=words.times_sentence(times))
    pdf.table(
        [_("How long"), _("How many")],
        [[words.bar_words(bar), str(bar.count)] for bar in times.bars],
        widths=(0.5, 0.5),
    )
    pdf.facts(words.times_facts(times))


def _draw(page: FPDF, times: ResponseTimes) -> None:
    top, most = page.get_y(), max((bar.count for bar in times.bars), default=0) or 1
    for number, bar in enumerate(times.bars):
        y = top + number * BAR_HEIGHT
        page.set_fill_color(
            *(RED if bar.over_ms >= LIMIT_MS else AMBER if bar.over_ms >= TARGET_MS else GREEN)
        )
        if bar.count:
            page.rect(BAR_LEFT, y + 1, BAR_WIDTH * bar.count / most, BAR_HEIGHT - 2, style="F")
        page.text(MARGIN, y + 4.5, words.bar_words(bar))
        page.text(BAR_LEFT + BAR_WIDTH * bar.count / most + 2, y + 4.5, str(bar.count))


def _sample(pdf: TaggedPdf, pack: Pack) -> None:
    pdf.heading(_("Random sample"), 2)
    pdf.paragraph(str(words.HOW_DRAWN), is_dim=True)
    pdf.facts([(_("Seed"), pack.draw.seed), (_("Drawn"), str(len(pack.sample)))])
    if pack.sample:
        pdf.table(
            [_("Key"), _("Who"), _("What")],
            [[row.key, row.name, words.kind_words(row)] for row in pack.sample],
            widths=(0.36, 0.32, 0.32),
        )


def _roles(pdf: TaggedPdf, pack: Pack) -> None:
    pdf.heading(_("Who held which Role at the end of %s") % pack.as_of.isoformat(), 2)
    if not pack.roles:
        pdf.paragraph(_("Nobody, as far as the trail says."))
        return
    pdf.table(
        [_("Role"), _("Who"), _("For"), _("Since"), _("Granted by")],
        [
            [each.role, each.name or each.person, each.population, words.moment(each.since), each.by]
            for each in pack.roles[:MOST_ROWS]
        ],
        widths=(0.16, 0.24, 0.16, 0.24, 0.2),
    )


def _settings(pdf: TaggedPdf, pack: Pack) -> None:
    pdf.heading(_("Settings at the end of %s") % pack.as_of.isoformat(), 2)
    pdf.paragraph(str(words.ABOUT_SETTINGS))
    if not pack.settings:
        pdf.paragraph(_("The trail has recorded no setting yet."))
        return
    pdf.table(
        [_("Of"), _("Field"), _("Value"), _("Since")],
        [
            [f"{each.kind} {each.id}", each.field, each.value[:400], words.moment(each.since)]
            for each in pack.settings[:MOST_ROWS]
        ],
        widths=(0.22, 0.2, 0.36, 0.22),
    )


def _case(pdf: TaggedPdf, row: MatchRow) -> None:
    """One page: what HR said, what was decided, when it was cut off, what confirmed it."""
    pdf.new_page()
    pdf.heading(_("Case: %s") % row.name, 2)
    left = row.leaver.left_on if row.leaver else _("HR names no leaving in this period")
    facts = [(_("What"), words.kind_words(row)), (_("Key"), row.key), (_("Left, as HR says"), left)]
    if row.leaver:
        facts.append((_("Line of HR's file"), str(row.leaver.line)))
    pdf.facts([*facts, *_case_facts(row), (_("Explained"), words.explanation_words(row))])


def _case_facts(row: MatchRow) -> list[tuple[str, str]]:
    case = row.case
    if case is None:
        return [(_("Decision"), _("none: access was never ended for offboarding"))]
    return [
        (_("Source event"), case.source),
        (_("Decided"), words.moment(case.decided_at)),
        (_("By"), case.by),
        (_("Cut off"), words.moment(case.cut_off_at) if case.cut_off_at else _("NOT YET CUT OFF")),
        (_("How long it took"), words.seconds(case.milliseconds)),
        (_("Sessions ended"), str(case.sessions)),
        (_("Confirmed"), str(words.NO_OUTSIDE_SYSTEMS)),
        (_("Receipt"), case.receipt),
        (_("Entry of the decision"), f"{case.entry} ({_('number')} {case.number})"),
    ]
