"""What is kept reads back the same from every database."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import NotStorable
from audit.storable import clean_json, clean_text

HOSTILE_TEXTS = st.text(
    alphabet=st.characters(min_codepoint=0, max_codepoint=0x10FFFF, exclude_categories=[])
)


@given(HOSTILE_TEXTS)
def test_any_text_becomes_one_that_postgresql_can_store(text):
    cleaned = clean_text(text)

    assert "\x00" not in cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


@given(st.text().filter(lambda text: "\x00" not in text))
def test_ordinary_text_stays_as_it_is(text):
    assert clean_text(text) == text


def test_details_become_plain_json():
    found = clean_json(
        {
            "at": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "who": UUID(int=7),
            "kinds": frozenset({"b", "a"}),
            "agent": "curl\x00",
            "count": 3,
            "none": None,
        }
    )

    assert found == {
        "at": "2026-03-01T12:00:00+00:00",
        "who": "00000000-0000-0000-0000-000000000007",
        "kinds": ["a", "b"],
        "agent": "curl\N{REPLACEMENT CHARACTER}",
        "count": 3,
        "none": None,
    }


@pytest.mark.parametrize("value", [1.5, b"bytes", object()])
def test_what_is_not_written_alike_everywhere_is_refused_by_its_name(value):
    with pytest.raises(NotStorable, match=r"details\.step"):
        clean_json({"step": value})
