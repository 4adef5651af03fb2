"""manage.py gateway_config."""

import pytest

from audit.initiators import acting, the_shell
from sessions_app.models import EnforcementPoint
from tests.sessions_app.commands.shell import ran

pytestmark = pytest.mark.django_db


def register(name: str) -> None:
    with acting(the_shell()):
        EnforcementPoint.objects.create(name=name)


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
