"""Markers: a heartbeat renews what this writer wrote and nothing else; a rebuild alone opens the gate."""

import pytest
from redis import Redis

from sessions_app.blacklist.errors import GateRefused
from sessions_app.blacklist.keys import BUCKETS, KeySpace
from sessions_app.blacklist.values import MALFORMED, Marker
from sessions_app.blacklist.writer import BlacklistWriter
from tests.sessions_app.blacklist.conftest import ENV, fresh_marker

ALL = list(range(BUCKETS))
KEY = KeySpace(ENV).marker(5)


def test_a_heartbeat_never_creates_a_marker(writer: BlacklistWriter, client_of_this_process: Redis) -> None:
    assert writer.beat(fresh_marker(), accepted=[(1, 1)]) == ALL
    assert client_of_this_process.dbsize() == 0


def test_a_rebuild_opens_the_gate(writer: BlacklistWriter) -> None:
    marker = fresh_marker(3, 9)
    writer.open_gate(marker)

    assert writer.read_markers() == [marker] * BUCKETS


def test_a_heartbeat_renews_what_it_expects(writer: BlacklistWriter) -> None:
    writer.open_gate(Marker(1, 1, 1000, 0, 1))
    later = Marker(1, 2, 2000, 0, 1)

    assert writer.beat(later, accepted=[(1, 1)]) == []
    assert writer.read_markers() == [later] * BUCKETS


def test_an_interrupted_heartbeat_can_be_repeated(writer: BlacklistWriter) -> None:
    writer.open_gate(Marker(1, 1, 1000, 0, 1))
    writer.beat(Marker(1, 2, 2000, 0, 1), accepted=[(1, 1)])

    assert writer.beat(Marker(1, 2, 3000, 0, 1), accepted=[(1, 1), (1, 2)]) == []


@pytest.mark.parametrize(
    "in_place", ["", "x", "2|1|1|1|0|1", "1|1|1|1|0", "1|1|0|1|0|1", "1|1|2|1|0|1", "1|2|1|1|0|1"]
)
def test_anything_else_in_place_is_a_loss_and_stays(
    in_place: str, writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    writer.open_gate(fresh_marker())
    client_of_this_process.set(KEY, in_place)

    assert writer.beat(fresh_marker(), accepted=[(1, 1)]) == [5]
    assert client_of_this_process.get(KEY) == in_place.encode()


def test_a_deleted_marker_is_a_loss_and_stays_deleted(
    writer: BlacklistWriter, client_of_this_process: Redis
) -> None:
    writer.open_gate(fresh_marker())
    client_of_this_process.delete(KEY)

    assert writer.beat(fresh_marker(), accepted=[(1, 1)]) == [5]
    assert client_of_this_process.exists(KEY) == 0


def test_a_marker_of_another_type_is_a_loss(writer: BlacklistWriter, client_of_this_process: Redis) -> None:
    writer.open_gate(fresh_marker())
    client_of_this_process.delete(KEY)
    client_of_this_process.hset(KEY, "a", "b")

    assert writer.beat(fresh_marker(), accepted=[(1, 1)]) == [5]
    assert writer.read_markers()[5] is None


def test_a_writer_that_was_overtaken_writes_nothing(writer: BlacklistWriter) -> None:
    newer = fresh_marker(fence=8)
    writer.open_gate(newer)

    assert writer.beat(fresh_marker(fence=7), accepted=[(1, 1)]) == ALL
    assert writer.read_markers() == [newer] * BUCKETS


def test_a_writer_takes_over_under_a_higher_fence(writer: BlacklistWriter) -> None:
    writer.open_gate(fresh_marker(fence=7))
    ours = fresh_marker(fence=8)

    assert writer.beat(ours, accepted=[(1, 1)]) == []
    assert writer.read_markers() == [ours] * BUCKETS


@pytest.mark.parametrize(("generation", "sequence", "fence"), [(4, 0, 5), (4, 9, 4), (3, 99, 5)])
def test_the_gate_is_not_opened_over_a_newer_writers_marker(
    generation: int, sequence: int, fence: int, writer: BlacklistWriter
) -> None:
    newer = fresh_marker(4, 7, fence=5)
    writer.open_gate(newer)

    with pytest.raises(GateRefused):
        writer.open_gate(fresh_marker(generation, sequence, fence=fence))
    assert writer.read_markers() == [newer] * BUCKETS


def test_the_gate_is_opened_over_garbage(writer: BlacklistWriter, client_of_this_process: Redis) -> None:
    client_of_this_process.set(KEY, "garbage")
    assert writer.read_markers()[5] is MALFORMED
    marker = fresh_marker(2, 0)

    writer.open_gate(marker)

    assert writer.read_markers() == [marker] * BUCKETS


def test_everyones_cutoff_never_goes_back(writer: BlacklistWriter) -> None:
    writer.open_gate(fresh_marker(everyone_ms=500))
    writer.beat(fresh_marker(everyone_ms=400), accepted=[(1, 1)])
    assert {marker.everyone_cutoff_ms for marker in writer.read_markers() if isinstance(marker, Marker)} == {
        500
    }

    writer.open_gate(fresh_marker(2, 0, everyone_ms=0))

    assert {marker.everyone_cutoff_ms for marker in writer.read_markers() if isinstance(marker, Marker)} == {
        500
    }


@pytest.mark.parametrize("accepted", [[], [(1, 2)], [(2, 0)]])
def test_a_heartbeat_that_could_step_back_is_a_mistake(
    accepted: list[tuple[int, int]], writer: BlacklistWriter
) -> None:
    with pytest.raises(ValueError, match="positions"):
        writer.beat(fresh_marker(), accepted=accepted)
