"""manage.py end_project."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import EndingState, Policy, Project, ProjectEnding, User
from tests.factories import a_policy, open_session, token_for, verdict_on
from tests.portal.endings.scenes import phoenix_of
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def phoenix(paula: User, carlos: User) -> Project:
    return phoenix_of(paula)


def test_the_shell_ends_a_project(open_gate: EmbeddedRedis, phoenix: Project, carlos: User) -> None:
    token = token_for(carlos, open_session(carlos))

    result = ran("end_project", "phoenix", "--note", "contract over")

    ending = ProjectEnding.objects.select_related("revocation").get()
    assert result.code == 0
    assert f"{ending.revocation.receipt}: phoenix, 1 session ended, cut off." in result.out
    assert (ending.initiator_kind, ending.note) == ("shell", "contract over")
    assert verdict_on(token).outcome is Outcome.REVOKED


def test_a_dry_run_counts_and_ends_nothing(open_gate: EmbeddedRedis, phoenix: Project, carlos: User) -> None:
    token = token_for(carlos, open_session(carlos))

    result = ran("end_project", "phoenix", "--dry-run", "--json")

    assert (result.code, result.json()["people"], result.json()["sessions"]) == (0, 1, 1)
    assert not ProjectEnding.objects.exists()
    assert verdict_on(token).outcome is Outcome.ALLOWED


def test_at_a_moment_it_is_scheduled(open_gate: EmbeddedRedis, phoenix: Project) -> None:
    at = (timezone.now() + timedelta(days=2)).isoformat()

    result = ran("end_project", "phoenix", "--at", at, "--json")

    assert (result.code, result.json()["state"], result.json()["receipt"]) == (0, "scheduled", None)
    assert ProjectEnding.objects.get().state == EndingState.SCHEDULED


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere",),
        ("phoenix", "--at", "tomorrow"),
        ("phoenix", "--at", "2026-11-30T18:00:00"),
        ("phoenix", "--at", "2099-01-01T00:00:00Z"),
        ("phoenix", "--ticket", "a whole sentence about somebody"),
    ],
)
def test_bad_input_is_two_and_ends_nothing(
    open_gate: EmbeddedRedis, phoenix: Project, words: tuple[str, ...]
) -> None:
    result = ran("end_project", *words)

    assert result.code == 2
    assert result.error
    assert not ProjectEnding.objects.exists()


def test_without_the_blacklist_it_is_decided_and_three(phoenix: Project, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///tmp/nobody-listens-here.sock"

    result = ran("end_project", "phoenix")

    assert result.code == 3
    assert "NOT YET CUT OFF" in result.out
    assert ProjectEnding.objects.get().state == EndingState.RUNNING


def test_a_second_time_says_that_it_was_done(open_gate: EmbeddedRedis, phoenix: Project) -> None:
    ran("end_project", "phoenix")

    again = ran("end_project", "phoenix", "--json")

    assert (again.code, again.json()["already_done"]) == (0, True)


def test_the_server_s_own_shell_needs_no_second_person(open_gate: EmbeddedRedis, phoenix: Project) -> None:
    a_policy(people_always_alone=0, staff_percent_alone=1)

    assert ran("end_project", "phoenix").code == 0
    assert Policy.current().staff_percent_alone == 1
