"""A search line: what it is read as, what is refused, and that writing it again says the same."""

from __future__ import annotations

import pytest

from audit.query_terms import LONGEST_LINE, MOST_TERMS, Term, UnreadableQuery, read_terms, write_terms


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("", []),
        ("ines", [Term(value="ines")]),
        ("app:wiki", [Term(key="app", value="wiki")]),
        ("APP:Wiki", [Term(key="app", value="Wiki")]),
        ("-is:ended", [Term(key="is", value="ended", is_negated=True)]),
        ('user:"Ines Almeida"', [Term(key="user", value="Ines Almeida")]),
        ('"Ines Almeida"', [Term(value="Ines Almeida")]),
        ("at:2026-11-01T14:30", [Term(key="at", value="2026-11-01T14:30")]),
        ("  a   b ", [Term(value="a"), Term(value="b")]),
        ("address:2001:db8::7", [Term(key="address", value="2001:db8::7")]),
    ],
)
def test_a_line_is_read_part_by_part(line: str, terms: list[Term]):
    assert read_terms(line) == terms


@pytest.mark.parametrize(
    "term",
    [
        Term(key="user", value="Ines Almeida"),
        Term(value="one:two"),
        Term(value="-minus"),
        Term(key="began", value=">2026-11-01T10:00", is_negated=True),
        Term(key="address", value="2001:db8::7"),
    ],
)
def test_what_is_written_is_read_as_the_same(term: Term):
    assert read_terms(write_terms([term, term])) == [term, term]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('user:"ines', 'user:"ines'),
        ("app: wiki", "app:"),
        ('app:""', 'app:""'),
        ('wi"ki"', 'wi"ki"'),
        ("-", "-"),
    ],
)
def test_what_cannot_be_read_is_named(line: str, part: str):
    with pytest.raises(UnreadableQuery) as refused:
        read_terms(f"ines {line}" if line != "-" else line)

    assert part.split(":")[0] in str(refused.value)


@pytest.mark.parametrize("line", ["x" * (LONGEST_LINE + 1), "a " * (MOST_TERMS + 1)])
def test_a_line_without_end_is_refused(line: str):
    with pytest.raises(UnreadableQuery):
        read_terms(line)
