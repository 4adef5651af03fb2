"""Few files are on their way at once, and whoever reads slowly holds up nobody but others who want a file."""

from __future__ import annotations

from typing import NoReturn

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from audit.exports.turns import EveryTurnTaken, Turns


@pytest.fixture
def turns() -> Turns:
    return Turns(at_once=3, of_one_asker=2)


def a_stream() -> StreamingHttpResponse:
    return StreamingHttpResponse([b"one", b"two"])


def failing() -> NoReturn:
    raise ZeroDivisionError


def test_one_asker_leaves_room_for_another(turns: Turns):
    held = [turns.during(a_stream, asker="ana") for _ in range(2)]

    with pytest.raises(EveryTurnTaken):
        turns.during(a_stream, asker="ana")
    held.append(turns.during(a_stream, asker="ben"))
    with pytest.raises(EveryTurnTaken):
        turns.during(a_stream, asker="cleo")


def test_nothing_is_done_where_no_turn_is_left(turns: Turns):
    done: list[str] = []
    held = [turns.during(a_stream, asker="ana") for _ in range(2)]

    with pytest.raises(EveryTurnTaken):
        turns.during(lambda: done.append("recorded") or a_stream(), asker="ana")

    assert len(held) == 2
    assert done == []


def test_a_stream_that_was_read_gives_its_turn_back(turns: Turns):
    read = [turns.during(a_stream, asker="ana").getvalue() for _ in range(5)]

    assert read == [b"onetwo"] * 5


def test_a_stream_nobody_reads_any_more_gives_its_turn_back_once(turns: Turns):
    gone, held = (turns.during(a_stream, asker="ana") for _ in range(2))
    hang_up(gone)
    hang_up(gone)

    held_too = turns.during(a_stream, asker="ana")

    with pytest.raises(EveryTurnTaken):
        turns.during(a_stream, asker="ana")
    assert (held.getvalue(), held_too.getvalue()) == (b"onetwo", b"onetwo")


def hang_up(response: StreamingHttpResponse) -> None:
    """What a server does whose reader is gone, but for the end of the request, which would close the database."""
    for closer in response._resource_closers:
        closer()


def test_what_is_no_stream_and_what_fails_hold_no_turn(turns: Turns):
    kept = [turns.during(HttpResponse, asker="ana") for _ in range(5)]
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            turns.during(failing, asker="ana")

    assert turns.during(a_stream, asker="ana").streaming
    assert len(kept) == 5
