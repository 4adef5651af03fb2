"""PDF that a screen reader can read: every word on a page is in a tree of headings, paragraphs and tables.

fpdf2 draws; it tags nothing but pictures, so the structure tree (ISO 32000-1, 14.7 and 14.8) is built here. Tagged
are headings by level, paragraphs, tables with their header cells and what these head, and pictures with an
alternative text; page numbers, rules and repeated header rows are artifacts. Language and title are set. It is made
along the rules of PDF/UA-1 but does not claim to be it: no checker of that standard has judged it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from django.contrib.staticfiles import finders
from fpdf import FPDF, ViewerPreferences
from fpdf.enums import MethodReturnValue
from fpdf.structure_tree import NumberTree, StructTreeRoot
from fpdf.syntax import PDFArray, PDFObject, PDFString

MARGIN, WIDTH, HEIGHT = 18.0, 210.0, 297.0  # A4 in millimetres
BOTTOM = HEIGHT - 20.0
TEXT, SMALL, LINE = 9.5, 8.0, 4.6
HEADINGS = {1: 17.0, 2: 12.5, 3: 10.5}
INK, DIM, RULE = (26, 27, 31), (88, 90, 100), (205, 205, 200)
FONT = "DejaVu"
MISSING = "\ufffd"
SOFT_HYPHEN = "\u00ad"


class Element(PDFObject):
    """A node of the structure tree. What it stands for on the pages is among its kids, as marks."""

    def __init__(
        self, kind: str, parent: PDFObject, *, attributes: str | None = None, alternative: str = ""
    ) -> None:
        super().__init__()
        self.type = "/StructElem"
        self.s = f"/{kind}"
        self.p = parent
        self.k = PDFArray()
        self.a = attributes
        self.alt = PDFString(alternative) if alternative else None
        self.actual_text: PDFString | None = None


class Mark:
    """One piece of one page that belongs to an element."""

    def __init__(self, page: PDFObject, number: int) -> None:
        self._page = page
        self._number = number

    def serialize(self, **_context: Any) -> str:
        return f"<</Type /MCR /Pg {self._page.ref} /MCID {self._number}>>"


class Structure:
    """The tree, in the shape in which fpdf2 asks for its own."""

    doc_struct_elem = SimpleNamespace(k=())  # fpdf2 goes through the flat list it would have made itself

    def __init__(self) -> None:
        self.root = StructTreeRoot()
        self.parents: NumberTree = self.root.parent_tree
        self.document = Element("Document", self.root)
        self.root.k.append(self.document)
        self._elements = [self.document]

    def add(self, kind: str, parent: Element | None = None, **said: Any) -> Element:
        element = Element(kind, parent or self.document, **said)
        element.p.k.append(element)  # type: ignore[attr-defined]  # every parent is an Element
        self._elements.append(element)
        return element

    def mark(self, element: Element, page_number: int, page: PDFObject) -> int:
        """The number under which the next piece of this page belongs to the element."""
        marks = self.parents.nums[page_number]
        marks.append(element)
        element.k.append(Mark(page, len(marks) - 1))
        return len(marks) - 1

    def empty(self) -> bool:
        return False

    def __iter__(self) -> Iterator[PDFObject]:
        yield self.root
        yield from self._elements
        yield self.parents


class TaggedPdf:
    """A document written from top to bottom; pages break by themselves."""

    def __init__(self, *, title: str, language: str, made_at: datetime, foot: str) -> None:
        self._pdf = _Pages(foot)
        self._pdf.set_title(title)
        self._pdf.set_lang(language)
        self._pdf.set_creation_date(made_at)
        self._pdf.set_producer("Curfew")
        self._pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self._pdf.add_page()
        self._tree = self._pdf.tree

    def output(self) -> bytes:
        return bytes(self._pdf.output())

    # --- What can be written ---

    def heading(self, text: str, level: int) -> None:
        size = HEADINGS[level]
        self._pdf.need(size * 0.45 + 3 * LINE)
        self._space(5.0 if level < 3 else 2.5)
        self._write(self._tree.add(f"H{level}"), text, size=size, style="B")
        self._space(1.5)

    def paragraph(self, text: str, *, is_dim: bool = False) -> None:
        self._write(self._tree.add("P"), text, color=DIM if is_dim else INK)
        self._space(1.5)

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Labels and values: a table whose rows are headed by their labels."""
        table = self._tree.add("Table")
        for label, value in facts:
            row = self._tree.add("TR", table)
            cells = [(self._head(row, "Row"), label), (self._tree.add("TD", row), value)]
            self._row(cells, widths=(0.3, 0.7), head=None, is_first_bold=False)
        self._space(2.0)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        """`widths` are parts of one."""
        table = self._tree.add("Table")
        header = self._tree.add("TR", table)
        self._row([(self._head(header, "Column"), name) for name in columns], widths=widths, head=None)
        for each in rows:
            row = self._tree.add("TR", table)
            cells = [(self._tree.add("TD", row), text) for text in each]
            self._row(cells, widths=widths, head=columns, is_first_bold=False)
        self._space(2.0)

    def picture(self, height: float, draw: Callable[[FPDF], None], *, alternative: str) -> None:
        """Something drawn with its upper edge at the place reached so far, all of it one picture."""
        self._pdf.need(height)
        top = self._pdf.get_y()
        box = [MARGIN, HEIGHT - top - height, WIDTH - MARGIN, HEIGHT - top]
        points = " ".join(f"{edge * self._pdf.k:.2f}" for edge in box)
        figure = self._tree.add(
            "Figure", attributes=f"<</O /Layout /BBox [{points}]>>", alternative=alternative
        )
        self._pdf.use(size=SMALL)
        with self._pdf.marked(figure):
            draw(self._pdf)
        self._pdf.set_y(top + height)

    def new_page(self) -> None:
        self._pdf.add_page()

    def attach(self, name: str, content: bytes, *, description: str) -> None:
        """A file inside the file."""
        self._pdf.embed_file(bytes=content, basename=name, desc=description)

    # --- How ---

    def _head(self, row: Element, scope: str) -> Element:
        return self._tree.add("TH", row, attributes=f"<</O /Table /Scope /{scope}>>")

    def _space(self, height: float) -> None:
        self._pdf.set_y(self._pdf.get_y() + height)

    def _write(
        self,
        element: Element,
        text: str,
        *,
        size: float = TEXT,
        style: str = "",
        color: tuple[int, int, int] = INK,
    ) -> None:
        self._pdf.use(size=size, style=style, color=color)
        height = size * 0.48
        for line in self._lines(element, text, WIDTH - 2 * MARGIN):
            self._pdf.need(height)
            self._line(element, line, MARGIN, height)
            self._space(height)

    def _row(
        self,
        cells: Sequence[tuple[Element, str]],
        *,
        widths: Sequence[float],
        head: Sequence[str] | None,
        is_first_bold: bool = True,
    ) -> None:
        """A row that does not fit goes to the next page; one that is longer than a page is continued there."""
        style = "B" if is_first_bold else ""
        self._pdf.use(size=SMALL, style=style)
        full = [width * (WIDTH - 2 * MARGIN) for width in widths]
        lines = [
            self._lines(element, text, width - 2) for (element, text), width in zip(cells, full, strict=True)
        ]
        count = max(len(each) for each in lines)
        if self._pdf.lacks(min(count, 20) * LINE + 2):
            self._break(head, full, style)
        self._space(1.0)
        for number in range(count):
            if self._pdf.lacks(LINE):
                self._break(head, full, style)
            self._row_line(cells, lines, full, number)
            self._space(LINE)
        self._space(1.0)
        self._pdf.rule()

    def _row_line(
        self,
        cells: Sequence[tuple[Element, str]],
        lines: Sequence[Sequence[str]],
        widths: Sequence[float],
        number: int,
    ) -> None:
        left = MARGIN
        for (element, _text), own, width in zip(cells, lines, widths, strict=True):
            if number < len(own):
                self._line(element, own[number], left, LINE)
            left += width

    def _break(self, head: Sequence[str] | None, widths: Sequence[float], style: str) -> None:
        """A new page with the header row once more, for eyes only: the tree has it already."""
        self._pdf.add_page()
        if head:
            self._pdf.use(size=SMALL, style="B")
            with self._pdf.artifact():
                left = MARGIN
                for name, width in zip(head, widths, strict=True):
                    self._pdf.put(name, left, LINE)
                    left += width
            self._space(LINE + 1)
            self._pdf.rule()
        self._pdf.use(size=SMALL, style=style)

    def _lines(self, element: Element, text: str, width: float) -> list[str]:
        """What the font cannot draw is drawn as a sign for that, and still read aloud as it is."""
        drawn = self._pdf.drawable(text)
        if drawn != text:
            element.actual_text = PDFString(text)
        lines = self._pdf.wrapped(drawn or " ", width)
        # A space at the end of a line, or its last word would be read as one with the next line's first.
        return [f"{line} " for line in lines[:-1]] + lines[-1:]

    def _line(self, element: Element, text: str, left: float, height: float) -> None:
        with self._pdf.marked(element):
            self._pdf.put(text, left, height)


class _Pages(FPDF):
    """The drawing: positions in millimetres, one font in two weights, every mark paired."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self.tree = Structure()
        self.struct_builder = self.tree  # type: ignore[assignment]  # asked for the same things
        self.foot = foot
        self._wrapped: dict[tuple[str, float, str, float], list[str]] = {}
        self.set_auto_page_break(False)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0
        for style, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            self.add_font(FONT, style, finders.find(f"fonts/{file}"))
        self._characters = frozenset(self.fonts[FONT.lower()].cmap)  # type: ignore[union-attr]  # a TrueType font

    def header(self) -> None:
        self.set_y(MARGIN)

    def footer(self) -> None:
        self.use(size=7.5, color=DIM)
        with self.artifact():
            self.set_xy(MARGIN, HEIGHT - 13)
            self.cell(0, LINE, f"{self.drawable(self.foot)} · {self.page_no()}")

    @contextmanager
    def marked(self, element: Element) -> Iterator[None]:
        """What is drawn inside belongs to the element. It must not break the page."""
        page = self.pages[self.page]
        page.struct_parents = self.page
        number = self.tree.mark(element, self.page, page)
        self._out(f"{element.s} <</MCID {number}>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """What is drawn inside is for eyes only."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    def use(self, *, size: float, style: str = "", color: tuple[int, int, int] = INK) -> None:
        self.set_font(FONT, style, size)
        self.set_text_color(*color)

    def put(self, text: str, left: float, height: float) -> None:
        """One line at the present height, which stays the present height; where a cell of fpdf2 would draw it."""
        self.text(left, self.get_y() + 0.5 * height + 0.3 * self.font_size, text)

    def wrapped(self, text: str, width: float) -> list[str]:
        """The lines of a text. Most cells of a long table fit as they are, or say what others say: wrapping them
        costs several times what drawing them does."""
        of = (text, width, self.font_style, self.font_size_pt)
        if of not in self._wrapped:
            self._wrapped[of] = [text] if self._fits(text, width) else self._broken(text, width)
        return self._wrapped[of]

    def _fits(self, text: str, width: float) -> bool:
        is_plain = text.isprintable() and SOFT_HYPHEN not in text and text == text.strip()
        return is_plain and self.get_string_width(text) <= width

    def _broken(self, text: str, width: float) -> list[str]:
        found = self.multi_cell(width, LINE, text, dry_run=True, output=MethodReturnValue.LINES, align="L")
        return cast(list[str], found)  # what is returned depends on `output`

    def rule(self) -> None:
        with self.artifact():
            self.set_draw_color(*RULE)
            self.set_line_width(0.15)
            self.line(MARGIN, self.get_y(), WIDTH - MARGIN, self.get_y())

    def lacks(self, height: float) -> bool:
        return self.get_y() + height > BOTTOM

    def need(self, height: float) -> None:
        if self.lacks(height):
            self.add_page()

    def drawable(self, text: str) -> str:
        return "".join(sign if ord(sign) in self._characters or sign == "\n" else MISSING for sign in text)
