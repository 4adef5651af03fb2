"""Long work stands aside for a heartbeat that is late, and for nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.models import BlacklistState
from sessions_app.revocation import giving_way

pytestmark = pytest.mark.django_db


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause between two looks; at the second the beat is made."""
    taken: list[float] = []

    def pause(seconds: float) -> None:
        taken.append(seconds)
        if len(taken) == 2:
            BlacklistState.objects.update(beat_at=timezone.now())

    monkeypatch.setattr(giving_way.time, "sleep", pause)
    return taken


@pytest.mark.parametrize(
    ("seconds_ago", "pauses"),
    [(0, 0), (1.2, 0), (2.5, 2), (4.5, 2), (6, 0), (3600, 0)],
)
def test_it_waits_until_a_late_beat_was_made(looks: list[float], seconds_ago: float, pauses: int):
    BlacklistState.current()
    BlacklistState.objects.update(beat_at=timezone.now() - timedelta(seconds=seconds_ago))

    giving_way.let_the_clock_beat()

    assert len(looks) == pauses


def test_before_any_beat_nobody_waits(looks: list[float]):
    giving_way.let_the_clock_beat()

    assert looks == []


def test_it_waits_for_half_a_second_at_most(monkeypatch: pytest.MonkeyPatch):
    BlacklistState.current()
    BlacklistState.objects.update(beat_at=timezone.now() - timedelta(seconds=2))
    moments = iter([0.0, 0.1, 0.49, 0.51])
    monkeypatch.setattr(giving_way.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(giving_way.time, "sleep", lambda _: None)

    giving_way.let_the_clock_beat()

    assert list(moments) == []
