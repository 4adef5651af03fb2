"""`.env.example` names every variable that is read, and none that is not."""

import re

import pytest

from portal.starting import launch

READ = re.compile(r"""environment\.(?:text|flag|number|words|secret|mail_server)\(\s*"([A-Z_]+)\"""")
NAMED = re.compile(r"^#? ?([A-Z][A-Z_]+)=", re.MULTILINE)


@pytest.fixture
def example(settings):
    return set(NAMED.findall((settings.BASE_DIR / ".env.example").read_text()))


@pytest.fixture
def read_by_code(settings):
    apps = [settings.BASE_DIR / app for app in ("portal", "sessions_app", "audit")]
    sources = [path for app in apps for path in app.rglob("*.py")]
    return {name for path in sources for name in READ.findall(path.read_text())} | {"CURFEW_ENV"}


def test_every_variable_that_is_read_is_in_the_example(example, read_by_code):
    assert read_by_code - example == set()


def test_the_example_names_nothing_that_has_no_effect(example, read_by_code):
    assert example - read_by_code == set()


def test_a_second_terminal_remembers_every_variable_but_where_and_how_many(example):
    secrets = {"SECRET_KEY", "FIELD_KEYS", "AUDIT_SIGNING_KEY"}
    only_the_clock_sends = {"MAIL_FROM", "MAIL_URL"}

    left = example - set(launch.REMEMBERED) - secrets
    assert left == {"DATA_DIR", "WEB_WORKERS"} | only_the_clock_sends
