"""The same value is the same bytes, as RFC 8785 says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import canonical_bytes
from audit.errors import NotStorable

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_keys_are_sorted_by_utf_16_units_as_in_the_example_of_rfc_8785():
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\x80": "Control",
        "\xf6": "Latin Small Letter O With Diaeresis",
    }

    written = [json.loads(canonical_bytes(value))[key] for key in json.loads(canonical_bytes(value))]

    assert written == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_texts_are_escaped_as_little_as_json_allows():
    assert canonical_bytes('\u20ac$\x0f\nA\'B"\\/"\x7f') == '"\u20ac$\\u000f\\nA\'B\\"\\\\/\\"\x7f"'.encode()


def test_texts_are_not_normalised():
    assert canonical_bytes("e\u0301") != canonical_bytes("\xe9")


@given(PLAIN)
def test_what_was_written_reads_back_and_is_written_the_same(value):
    written = canonical_bytes(value)

    assert json.loads(written) == value
    assert canonical_bytes(json.loads(written)) == written


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1: 2}, {"a": {1}}, "\ud800", {"\udfff": 1}])
def test_what_has_no_one_form_is_refused(value):
    with pytest.raises(NotStorable):
        canonical_bytes({"details": value})
