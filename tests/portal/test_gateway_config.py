"""manage.py gateway_config."""

from typing import Any

import pytest
from pytest_django import Settings

from audit.initiators import acting, the_shell
from sessions_app.models import EnforcementPoint
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db


def register(name: str, **fields: Any) -> None:
    with acting(the_shell()):
        EnforcementPoint.objects.create(name=name, **fields)


def test_a_registered_point_stands_in_what_is_printed() -> None:
    register("wiki")

    result = ran("gateway_config", "--point", "wiki", "--application", "http://127.0.0.1:3000")

    assert (result.code, "/verdict/wiki;" in result.out) == (0, True)


def test_an_unknown_point_is_answered_with_where_to_add_one() -> None:
    result = ran("gateway_config", "--point", "nope")

    assert (result.code, result.out) == (2, "")
    assert "Registered: none. Settings, Enforcement points adds one." in result.error


def test_an_application_without_a_scheme_makes_no_configuration() -> None:
    register("default")

    result = ran("gateway_config", "--application", "127.0.0.1:3000")

    assert (result.code, result.out) == (2, "")


def test_two_points_can_stand_in_one_nginx() -> None:
    """nginx refuses to start with two upstreams of one name."""
    register("wiki")
    register("billing")

    upstreams = {
        line
        for point in ("wiki", "billing")
        for line in ran("gateway_config", "--point", point).out.splitlines()
        if line.startswith("upstream ")
    }

    assert upstreams == {"upstream curfew_wiki {", "upstream curfew_billing {"}


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (("--server", "nginx"), "/verdict/wiki;"),
        (("--server", "haproxy"), "lua.curfew_wiki"),
        (("--server", "haproxy", "--lua"), '/verdict/wiki"'),
        (("--server", "apache"), "/verdict/wiki/refused"),
    ],
)
def test_every_recipe_asks_at_the_point(settings: Settings, words: tuple[str, ...], asks: str) -> None:
    settings.BASE_URL = "https://curfew.example.com"
    register("wiki")

    result = ran("gateway_config", "--point", "wiki", *words)

    assert (result.code, asks in result.out, "wiki" in result.out) == (0, True, True)


def test_apache_keeps_nothing_and_asks_for_the_points_audiences(settings: Settings) -> None:
    settings.BASE_URL = "https://curfew.example.com"
    register("wiki", audiences=["https://wiki.example.com?a&b"])

    result = ran("gateway_config", "--point", "wiki", "--server", "apache")

    assert "\n    OIDCOAuthTokenIntrospectionInterval -1\n" in result.out
    assert 'Require claim "aud:https://wiki.example.com?a&b"' in result.out
    assert "https://curfew.example.com/oauth/introspect" in result.out


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"token_header": "X-Forwarded-Access-Token"}, "from Authorization only"),
        ({"audiences": ['a" \n Require all granted']}, "cannot be written"),
    ],
)
def test_what_apache_cannot_guard_makes_no_configuration(
    settings: Settings, fields: dict[str, Any], sentence: str
) -> None:
    settings.BASE_URL = "https://curfew.example.com"
    register("wiki", **fields)

    result = ran("gateway_config", "--point", "wiki", "--server", "apache")

    assert (result.code, result.out) == (2, "")
    assert sentence in result.error


def test_apache_is_not_told_to_introspect_without_tls() -> None:
    register("wiki")

    result = ran("gateway_config", "--point", "wiki", "--server", "apache")

    assert (result.code, result.out) == (2, "")
    assert "https addresses only" in result.error


def test_a_token_header_is_handed_on_by_haproxy() -> None:
    register("wiki", token_header="X-Forwarded-Access-Token")

    result = ran("gateway_config", "--point", "wiki", "--server", "haproxy", "--lua")

    assert '{"authorization", "x-forwarded-access-token"}' in result.out


def test_only_haproxy_has_a_lua_file() -> None:
    register("wiki")

    assert ran("gateway_config", "--point", "wiki", "--lua").code == 2
