"""The sample dashboard at the moment somebody comes back from signing in."""

from __future__ import annotations

from typing import Any

import pytest

from portal.sample_dashboard import COOKIE, Dashboard, Visit
from sessions_app.blacklist.guard import Guard
from sessions_app.blacklist.reader import BlacklistReader
from sessions_app.models import User
from sessions_app.tokens.profiles import profiles, token_guard
from tests.factories import open_session, token_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "issuer")]


class Exchanged(Dashboard):
    """The authorization server is another program's matter: it gave this token for the code."""

    token = ""

    def exchange(self, code: str, visit: Visit) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"access_token": self.token}, {"name": "Ines"}


def back_at(guard: Guard, token: str) -> tuple[str, dict[str, str], str, Visit]:
    visit = Visit(state="state-1", verifier="v")
    dashboard = Exchanged("https://curfew.example", "https://dashboard.example", guard, {"c1": visit})
    dashboard.token = token
    status, headers, page = dashboard.callback(
        {"HTTP_COOKIE": f"{COOKIE}=c1", "QUERY_STRING": "state=state-1&code=x"}
    )
    return status, dict(headers), page, visit


def test_whoever_comes_back_with_a_good_token_is_in(ines: User) -> None:
    status, _headers, _page, visit = back_at(token_guard(), token_for(ines, open_session(ines)))

    assert status == "303 See Other"
    assert visit.session is not None


def test_a_cookie_somebody_planted_before_the_sign_in_is_worth_nothing_after_it(ines: User) -> None:
    visit = Visit(state="state-1", verifier="v")
    dashboard = Exchanged(
        "https://curfew.example", "https://dashboard.example", token_guard(), {"planted": visit}
    )
    dashboard.token = token_for(ines, open_session(ines))
    planted = {"HTTP_COOKIE": f"{COOKIE}=planted", "QUERY_STRING": "state=state-1&code=x"}

    headers = dict(dashboard.callback(planted)[1])

    cookie = headers["Set-Cookie"].partition(";")[0]
    assert "You are not signed in" in dashboard.home(planted)[2]
    assert "Welcome, Ines" in dashboard.home({"HTTP_COOKIE": cookie})[2]


def test_while_nobody_knows_whether_it_is_good_it_is_to_be_tried_again(ines: User) -> None:
    silent = Guard(BlacklistReader("redis://127.0.0.1:1", "test"), profiles)

    status, headers, page, visit = back_at(silent, token_for(ines, open_session(ines)))

    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "2")
    assert "Try again" in page
    assert visit.session is None
