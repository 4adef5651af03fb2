"""How a batch of rows is written in each form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from json.encoder import encode_basestring as quoted

from audit.exports.forms import Form
from audit.exports.rows import JSON_COLUMNS, NUMBER_COLUMNS, Row, Selection
from audit.exports.spreadsheet import BYTE_ORDER_MARK, lines_of

Piece = tuple[bytes, Sequence[Row]]


def as_csv(selection: Selection) -> Iterator[Piece]:
    """RFC 4180 with a line of names, and a mark by which a spreadsheet knows that it is UTF-8."""
    yield (BYTE_ORDER_MARK + lines_of([selection.columns])).encode(), ()
    for rows in selection.batches():
        yield lines_of(rows).encode(), rows


def as_json_lines(selection: Selection) -> Iterator[Piece]:
    """One object a line, values exactly as they are kept; null where there is none."""
    line_of = json_line_writer(selection.columns)
    for rows in selection.batches():
        yield "".join(map(line_of, rows)).encode(), rows


def json_line_writer(columns: Sequence[str]) -> Callable[[Row], str]:
    """Writes a row as an object with these names; many times as fast as `json.dumps` of a dictionary."""
    template = "{" + ", ".join(f"{quoted(name)}: %s" for name in columns) + "}\n"
    written = [quoted if name not in JSON_COLUMNS | NUMBER_COLUMNS else str for name in columns]

    def line_of(row: Row) -> str:
        cells = zip(written, row, strict=True)
        return template % tuple([write(value) if value or value == 0 else "null" for write, value in cells])

    return line_of


WRITERS: dict[Form, Callable[[Selection], Iterator[Piece]]] = {
    Form.CSV: as_csv,
    Form.JSON_LINES: as_json_lines,
}
