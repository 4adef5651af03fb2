"""PDF for screen readers, read back by plain parsing: every word has its place in the tree."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime

import pytest

from audit.tagged_pdf import TaggedPdf

MADE_AT = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)


def a_document(language: str = "en") -> TaggedPdf:
    return TaggedPdf(title="Receipt CF-8F3K2Q7D1M", language=language, made_at=MADE_AT, foot="Receipt")


def objects_of(pdf: bytes) -> dict[int, bytes]:
    return {int(number): body for number, body in OBJECT.findall(pdf)}


def one(objects: dict[int, bytes], kind: bytes) -> bytes:
    (found,) = [body for body in objects.values() if re.search(rb"/Type /" + kind + rb"\b", body)]
    return found


def elements_of(pdf: bytes) -> list[bytes]:
    return [body for body in objects_of(pdf).values() if b"/Type /StructElem" in body]


def kinds_of(pdf: bytes) -> list[str]:
    return [re.search(rb"/S /(\w+)", body)[1].decode() for body in elements_of(pdf)]


def streams_of(pdf: bytes) -> list[bytes]:
    """The drawing of each page."""
    found = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    plain = [zlib.decompress(each) for each in found if each[:1] == b"\x78"]
    return [each for each in plain if b" BDC" in each]


def test_language_title_and_tree_are_named_by_the_document():
    objects = objects_of(a_document("pt-PT").output())

    catalog = one(objects, b"Catalog")
    assert b"/Lang (pt-PT)" in catalog
    assert b"/Marked true" in catalog
    assert b"/DisplayDocTitle true" in catalog
    assert re.search(rb"/StructTreeRoot \d+ 0 R", catalog)
    assert one(objects, b"StructTreeRoot")


def test_headings_paragraphs_and_tables_are_what_they_are_in_the_order_they_are_read():
    document = a_document()
    document.heading("Receipt", 1)
    document.paragraph("Cut off.")
    document.facts([("State", "cut off")])
    document.heading("Sessions", 2)
    document.table(["Person", "Began"], [["Ines", "today"]], widths=(0.5, 0.5))

    kinds = kinds_of(document.output())

    assert kinds == [
        *("Document", "H1", "P"),
        *("Table", "TR", "TH", "TD"),
        *("H2", "Table", "TR", "TH", "TH", "TR", "TD", "TD"),
    ]


def test_a_header_cell_says_what_it_heads():
    document = a_document()
    document.facts([("State", "cut off")])
    document.table(["Person"], [["Ines"]], widths=(1,))

    scopes = re.findall(rb"/Scope /(\w+)", document.output())

    assert scopes == [b"Row", b"Column"]


def test_a_picture_has_words_for_those_who_do_not_see_it():
    document = a_document()
    document.picture(10, lambda pdf: pdf.rect(20, 20, 5, 5), alternative="Half were cut off within 0.4 s.")

    (figure,) = [body for body in elements_of(document.output()) if b"/S /Figure" in body]

    assert b"Half were cut off within 0.4 s." in figure
    assert b"/BBox" in figure


def test_every_mark_on_a_page_belongs_to_an_element_and_nothing_is_drawn_outside():
    document = a_document()
    document.heading("Long", 1)
    document.table(["Person", "Text"], [[f"Nr {n}", "word " * 60] for n in range(60)], widths=(0.3, 0.7))
    pdf = document.output()

    pages = streams_of(pdf)
    marks = [len(re.findall(rb"/MCID \d+>> BDC", page)) for page in pages]
    owned = b"".join(elements_of(pdf)).count(b"/Type /MCR")
    tree = one(objects_of(pdf), b"StructTreeRoot")

    assert len(pages) > 2
    assert sum(marks) == owned
    assert [page.count(b"BDC") + page.count(b"BMC") for page in pages] == [
        page.count(b"EMC") for page in pages
    ]
    assert [text_outside_marks(page) for page in pages] == [0] * len(pages)
    assert b"/ParentTree" in tree
    assert len(re.findall(rb"/StructParents \d+", pdf)) == len(pages)


def text_outside_marks(page: bytes) -> int:
    """How many pieces of text are drawn with no mark open."""
    outside = re.sub(rb"B[DM]C.*?EMC", b"", page, flags=re.DOTALL)
    return outside.count(b"Tj") + outside.count(b"TJ")


def test_a_header_row_that_is_repeated_on_the_next_page_is_for_eyes_only():
    document = a_document()
    document.table(["Person"], [[f"Nr {n}"] for n in range(90)], widths=(1,))

    assert kinds_of(document.output()).count("TH") == 1


def test_a_row_longer_than_a_page_is_one_row():
    document = a_document()
    document.table(["Text"], [["word " * 3000]], widths=(1,))
    pdf = document.output()

    assert kinds_of(pdf).count("TR") == 2
    assert len(streams_of(pdf)) > 1


@pytest.mark.parametrize("text", ["陈伟", "Chen 陈伟", "a\x00b"])
def test_what_the_font_cannot_draw_is_still_read_aloud_as_it_is(text):
    document = a_document()
    document.paragraph(text)

    (paragraph,) = [body for body in elements_of(document.output()) if b"/S /P" in body]

    assert b"/ActualText" in paragraph


def test_text_that_looks_like_pdf_stays_text():
    document = a_document()
    document.paragraph(") Tj ET /Artifact BMC (")
    document.heading("\\) endstream endobj", 1)

    assert kinds_of(document.output()) == ["Document", "P", "H1"]


def test_a_file_can_be_inside_the_file():
    document = a_document()
    document.attach("receipt.json", b"{}", description="The signed document")

    assert b"receipt.json" in document.output()


@pytest.mark.parametrize(
    "text",
    [
        "confirmed",
        "Carlos Vega",
        "",
        "two\nlines",
        " led by a space",
        "ended by one ",
        "a sentence that is longer than the column it stands in and goes on below",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "soft\u00adhyphen",
        "tab\tinside",
    ],
)
def test_a_line_that_is_not_wrapped_is_the_line_that_wrapping_would_have_given(text):
    pages = a_document()._pdf
    pages.use(size=8)

    found = [pages.wrapped(text or " ", width) for width in (12.0, 30.0, 170.0) for _again in range(2)]

    assert found == [
        pages._broken(text or " ", width) for width in (12.0, 30.0, 170.0) for _again in range(2)
    ]
