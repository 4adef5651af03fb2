"""The shell around every page: rail by role, theme, the blacklist light."""

from datetime import UTC, datetime
from typing import cast

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from portal import context
from portal.htmx import HtmxRequest
from portal.navigation import items_for
from portal.views.theme import local_path
from sessions_app.models import User
from sessions_app.revocation.health import BlacklistLight

TROUBLE = datetime(2026, 11, 23, 14, 1, 50, tzinfo=UTC)


def request_of(user: User | AnonymousUser, path: str = "/", theme: str = "") -> HtmxRequest:
    request: HttpRequest = RequestFactory().get(path)
    request.user = user
    if theme:
        request.COOKIES["curfew_theme"] = theme
    return cast(HtmxRequest, request)


def urls_of(user: User) -> list[str]:
    return [item.url for item in items_for(request_of(user))]


def test_the_rail_shows_hr_what_hr_may_open(hana: User) -> None:
    assert urls_of(hana) == ["/", "/people/", "/sessions/", "/revocations/", "/approvals/", "/audit/", "/me/"]


def test_the_rail_shows_admins_settings_and_no_revocations(ada: User) -> None:
    assert urls_of(ada) == ["/people/", "/audit/", "/settings/", "/me/"]


def test_the_rail_of_somebody_without_a_role_has_their_own_sessions_only(otto: User) -> None:
    assert urls_of(otto) == ["/me/"]


def test_nobody_signed_in_sees_no_places() -> None:
    shell = context.shell(request_of(AnonymousUser()))["shell"]

    assert shell.nav == ()
    assert shell.person == ""


def test_the_page_below_a_place_marks_the_place(hana: User) -> None:
    current = [item.url for item in items_for(request_of(hana, "/people/x/")) if item.is_current]

    assert current == ["/people/"]


def test_the_foot_of_the_rail_says_who_is_signed_in_and_as_what(hana: User, otto: User) -> None:
    assert context.shell(request_of(hana))["shell"].roles == "HR"
    assert context.shell(request_of(otto))["shell"].roles == "No role"


def test_a_silent_blacklist_is_said_in_the_light_and_in_the_banner(
    hana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = BlacklistLight(answering=False, milliseconds=None, since=TROUBLE)
    monkeypatch.setattr(context, "blacklist_light", lambda: silent)

    page = render_to_string("base.html", request=request_of(hana))

    assert "Blacklist unreachable" in page
    assert 'role="alert"' in page
    assert "since 14:01:50 UTC" in page


def test_an_answering_blacklist_needs_no_banner(hana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    answering = BlacklistLight(answering=True, milliseconds=0.41, since=None)
    monkeypatch.setattr(context, "blacklist_light", lambda: answering)

    page = render_to_string("base.html", request=request_of(hana))

    assert "Blacklist 0.4 ms" in page
    assert 'role="alert"' not in page


def test_the_theme_of_the_cookie_is_in_the_first_byte_of_the_page(otto: User) -> None:
    assert 'data-theme="dark"' in render_to_string("bare.html", request=request_of(otto, theme="dark"))
    assert 'data-theme="system"' in render_to_string("bare.html", request=request_of(otto, theme='"><b>'))


def test_a_theme_is_kept_and_the_reader_stays_where_they_were(client: Client, db: None) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": "/accounts/login/?next=/people/"})

    assert answer.headers["Location"] == "/accounts/login/?next=/people/"
    assert client.cookies["curfew_theme"].value == "dark"


def test_an_unknown_theme_is_refused(client: Client, db: None) -> None:
    assert client.post("/theme/", {"theme": "pink"}).status_code == 400


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x", "people/", ""]
)
def test_choosing_a_theme_never_leads_to_another_site(target: str) -> None:
    assert local_path(target) == "/"


def test_the_sign_in_page_is_ours_and_names_its_fields(client: Client, db: None) -> None:
    page = client.get("/accounts/login/").content.decode()

    assert "Sign in to Curfew" in page
    assert "Work e-mail or user name" in page
    assert "placeholder" not in page
    assert "northwind" not in page


def test_the_demo_says_who_is_waiting(client: Client, db: None, settings: object) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]  # pytest-django's fixture

    page = client.get("/accounts/login/").content.decode()

    assert "DEMO" in page
    assert "hana@northwind.example" in page


@pytest.mark.parametrize("name", ["500", "503"])
def test_the_page_for_a_dead_database_asks_the_database_nothing(name: str) -> None:
    page = render_to_string(f"errors/{name}.html", {"request_id": "0123abc"})

    assert "0123abc" in page
    assert "Still true" in page
