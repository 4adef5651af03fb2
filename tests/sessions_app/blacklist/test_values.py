"""Values: written in one way, read strictly, doubt on the safe side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.blacklist.values import (
    LARGEST,
    MALFORMED,
    Marker,
    SessionValue,
    TokenValue,
    UserValue,
    parse_marker,
    parse_session,
    parse_token,
    parse_user,
)

NUMBER = st.integers(0, LARGEST)
RECEIPT = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="|"), max_size=20)
WORD = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=22)
LOST = st.lists(WORD, max_size=3).map(tuple)
USERS = st.builds(UserValue, NUMBER, st.booleans(), NUMBER, NUMBER, RECEIPT, st.just("") | WORD, LOST)
FULL_USERS = st.builds(
    UserValue, NUMBER, st.booleans(), NUMBER, NUMBER, RECEIPT, WORD, st.lists(WORD, min_size=1).map(tuple)
)


@given(USERS)
def test_a_user_value_reads_back(value: UserValue) -> None:
    assert parse_user(value.text().encode()) == value


@given(NUMBER, RECEIPT)
def test_session_and_token_values_read_back(revision: int, receipt: str) -> None:
    assert parse_session(SessionValue(revision, receipt).text().encode()) == SessionValue(revision, receipt)
    assert parse_token(TokenValue(revision, receipt).text().encode()) == TokenValue(revision, receipt)


@given(st.builds(Marker, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER))
def test_a_marker_reads_back(marker: Marker) -> None:
    assert parse_marker(marker.text().encode()) == marker


@given(FULL_USERS, st.binary(max_size=20))
def test_further_fields_at_the_end_change_nothing(value: UserValue, further: bytes) -> None:
    assert parse_user(value.text().encode() + b"|" + further) == value


@given(st.binary(max_size=60))
def test_no_bytes_at_all_break_the_reading(raw: bytes) -> None:
    for parse in (parse_user, parse_session, parse_token, parse_marker):
        parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"1",
        b"0|9|0|0|0|R",
        b"2|9|0|0|0|R",
        b"01|9|0|0|0|R",
        b" 1|9|0|0|0|R",
        b"1|9|0|0|0",
        b"1||0|0|0|R",
        b"1|+9|0|0|0|R",
        b"1|-9|0|0|0|R",
        b"1|1_0|0|0|0|R",
        b"1|9.0|0|0|0|R",
        b"1|9|2|0|0|R",
        b"1|\xd9\xa1|0|0|0|R",
        b"1|9007199254740992|0|0|0|R",
        b"1|00000000000000009|0|0|0|R",
    ],
)
def test_an_unreadable_user_value_is_malformed(raw: bytes) -> None:
    assert parse_user(raw) is MALFORMED


@pytest.mark.parametrize("raw", [b"", b"1|9", b"2|9|R", b"1|x|R", b"1||R"])
def test_an_unreadable_session_or_token_value_is_malformed(raw: bytes) -> None:
    assert parse_session(raw) is MALFORMED
    assert parse_token(raw) is MALFORMED


@pytest.mark.parametrize("raw", [b"", b"1|1|1|1", b"2|1|1|1|1", b"1|1|1|1|x"])
def test_an_unreadable_marker_is_malformed(raw: bytes) -> None:
    assert parse_marker(raw) is MALFORMED


def test_a_marker_without_a_fence_is_a_marker() -> None:
    assert parse_marker(b"1|7|42|1000|0") == Marker(7, 42, 1000, 0, 0)


@pytest.mark.parametrize("receipt", ["a|b", "a\nb", "\u00e9"])
def test_a_receipt_that_would_break_the_format_is_never_written(receipt: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        SessionValue(1, receipt).text()


@pytest.mark.parametrize("revision", [-1, LARGEST + 1])
def test_a_number_the_server_would_compare_wrongly_is_never_written(revision: int) -> None:
    with pytest.raises(ValueError, match="numbers"):
        TokenValue(revision, "R").text()
