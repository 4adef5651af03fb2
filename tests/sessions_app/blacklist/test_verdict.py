"""The verdict: its order, its boundaries, and what must hold for any input at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.blacklist.values import Marker, SessionValue, TokenValue, UserValue
from sessions_app.blacklist.verdict import Outcome, Subject, Values, Verdict, decide

NOW_MS = 1_767_225_600_000
STARTED_MS = NOW_MS - 3_600_000

ANY_SUBJECT = Subject("northwind", "ines", "s", "t", STARTED_MS, second_factor=True)

MOMENTS = st.integers(NOW_MS - 10_000, NOW_MS + 10_000)
POSITIONS = st.tuples(st.integers(0, 3), st.integers(0, 3))
MARKERS = st.builds(
    lambda position, heartbeat, everyone: Marker(*position, heartbeat, everyone).text().encode(),
    POSITIONS,
    MOMENTS,
    st.sampled_from([0, STARTED_MS - 1, STARTED_MS, NOW_MS]),
)
USERS = st.builds(
    lambda blocked, cutoff: UserValue(1, blocked, cutoff, 0, "R").text().encode(),
    st.booleans(),
    st.sampled_from([0, STARTED_MS - 1, STARTED_MS, STARTED_MS + 1, NOW_MS]),
)
GARBAGE = st.binary(max_size=12)
VALUES = st.builds(
    Values,
    st.none() | MARKERS | GARBAGE,
    st.none() | USERS | GARBAGE,
    st.none() | st.just(b"1|1|R") | GARBAGE,
    st.none() | st.just(b"1|1|R") | GARBAGE,
    POSITIONS,
)


def verdict(values: Values, subject: Subject = ANY_SUBJECT) -> Verdict:
    return decide(subject, values, NOW_MS, values.high_water)


def fresh(everyone_ms: int = 0) -> bytes:
    return Marker(1, 1, NOW_MS, everyone_ms).text().encode()


@given(VALUES)
def test_any_answer_has_a_verdict(values: Values) -> None:
    assert verdict(values).outcome in (Outcome.ALLOWED, Outcome.REVOKED, Outcome.UNKNOWN)


@given(VALUES)
def test_allowed_implies_a_fresh_marker_that_did_not_go_back(values: Values) -> None:
    if verdict(values).outcome is Outcome.ALLOWED:
        fields = [int(field) for field in (values.marker or b"").split(b"|")[1:4]]
        assert -2000 <= NOW_MS - fields[2] <= 5000
        assert (fields[0], fields[1]) >= values.high_water


@given(VALUES)
def test_a_session_or_token_entry_is_a_hit_whatever_the_marker(values: Values) -> None:
    if values.session is not None or values.token is not None:
        assert verdict(values).outcome is Outcome.REVOKED


@given(VALUES, MARKERS)
def test_a_hit_stays_a_hit_when_the_marker_is_lost(values: Values, marker: bytes) -> None:
    without_everyone = values._replace(marker=Marker(9, 9, NOW_MS, 0).text().encode())
    lost = values._replace(marker=None)

    refused = verdict(without_everyone).outcome is Outcome.REVOKED
    assert (verdict(lost).outcome is Outcome.REVOKED) == refused


@given(st.integers(0, NOW_MS), st.integers(0, NOW_MS), st.integers(0, NOW_MS))
def test_the_effective_cutoff_is_the_latest_of_all(started: int, cutoff: int, everyone: int) -> None:
    user = UserValue(1, False, cutoff, 0, "R").text().encode()
    found = verdict(Values(fresh(everyone), user), ANY_SUBJECT._replace(started_ms=started))

    assert (found.outcome is Outcome.REVOKED) == (started <= max(cutoff, everyone))


@given(st.integers(STARTED_MS, NOW_MS))
def test_a_blocked_person_is_refused_whenever_they_signed_in(started: int) -> None:
    user = UserValue(1, True, 0, 0, "R").text().encode()

    assert verdict(Values(fresh(), user), ANY_SUBJECT._replace(started_ms=started)).cause == "user_blocked"


def test_a_cutoff_is_inclusive() -> None:
    at = UserValue(1, False, STARTED_MS, 0, "R").text().encode()
    before = UserValue(1, False, STARTED_MS - 1, 0, "R").text().encode()

    assert verdict(Values(fresh(), at)).cause == "user_cutoff"
    assert verdict(Values(fresh(), before)).outcome is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        (Values(fresh(), b"1|1|1|0|0|A", b"1|1|B", b"1|1|C"), "user_blocked"),
        (Values(fresh(), b"1|1|0|0|0|A", b"1|1|B", b"1|1|C"), "session_revoked"),
        (Values(fresh(), b"1|1|0|0|0|A", None, b"1|1|C"), "token_revoked"),
        (Values(fresh(NOW_MS), f"1|1|0|{NOW_MS}|0|A".encode()), "user_cutoff"),
        (Values(fresh(NOW_MS), b"1|1|0|0|0|A"), "everyone_cutoff"),
        (Values(fresh(), b"?"), "malformed_entry"),
        (Values(fresh(), None, b"?"), "malformed_entry"),
        (Values(fresh(), None, None, b"?"), "malformed_entry"),
    ],
)
def test_causes_come_in_the_order_of_the_contract(values: Values, cause: str) -> None:
    assert verdict(values) == Verdict(Outcome.REVOKED, cause, verdict(values).receipt)


def test_the_receipt_of_the_hit_is_told() -> None:
    assert verdict(Values(fresh(), SessionValue(1, "CF-A").text().encode(), None)).receipt == ""
    assert verdict(Values(fresh(), None, SessionValue(1, "CF-A").text().encode())).receipt == "CF-A"
    assert verdict(Values(fresh(), None, None, TokenValue(1, "CF-B").text().encode())).receipt == "CF-B"


@pytest.mark.parametrize(
    ("marker", "high_water", "cause"),
    [
        (None, (0, 0), "marker_missing"),
        (b"2|1|1|1|1", (0, 0), "marker_version"),
        (Marker(1, 1, NOW_MS - 5001, 0).text().encode(), (0, 0), "heartbeat_old"),
        (Marker(1, 1, NOW_MS + 2001, 0).text().encode(), (0, 0), "heartbeat_ahead"),
        (Marker(1, 1, NOW_MS, 0).text().encode(), (1, 2), "went_back"),
        (Marker(1, 9, NOW_MS, 0).text().encode(), (2, 0), "went_back"),
        (Marker(1, 1, NOW_MS - 5000, 0).text().encode(), (1, 1), ""),
        (Marker(1, 1, NOW_MS + 2000, 0).text().encode(), (1, 1), ""),
        (Marker(2, 0, NOW_MS, 0).text().encode(), (1, 99), ""),
    ],
)
def test_what_the_marker_must_be(marker: bytes | None, high_water: tuple[int, int], cause: str) -> None:
    assert verdict(Values(marker, high_water=high_water)).cause == cause


def test_a_project_ends_for_its_people_even_if_redis_knows_nothing() -> None:
    ended = ANY_SUBJECT._replace(project_end_ms=NOW_MS)

    assert verdict(Values(None), ended) == Verdict(Outcome.REVOKED, "project_ended")
    assert verdict(Values(fresh()), ended._replace(project_end_ms=NOW_MS + 1)).outcome is Outcome.ALLOWED


def test_a_demanded_second_factor_refuses_who_proves_none() -> None:
    values = Values(fresh(), UserValue(1, False, 0, NOW_MS, "CF-A").text().encode())

    assert verdict(values).outcome is Outcome.ALLOWED
    assert verdict(values, ANY_SUBJECT._replace(second_factor=False)) == Verdict(
        Outcome.REVOKED, "step_up", "CF-A"
    )
