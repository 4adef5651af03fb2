"""Work in the background never holds up whoever starts it."""

from threading import Event

from sessions_app.blacklist.repeating import Repeating


def test_who_finds_the_start_taken_does_not_wait() -> None:
    """As in a process that was forked while another thread was starting it: that thread does not exist here."""
    repeating = Repeating(lambda: None, pause=lambda: 60.0, name="test")
    repeating._starting.acquire()

    repeating.ensure()

    assert repeating._thread is None


def test_it_is_done_again_and_again_until_it_is_stopped() -> None:
    done = Event()
    repeating = Repeating(done.set, pause=lambda: 0.0, name="test")

    repeating.ensure()

    assert done.wait(5)
    repeating.stop(timeout_seconds=5)
    assert repeating._thread is not None
    assert not repeating._thread.is_alive()
