"""Rules that every template keeps, read from the files themselves."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from portal.navigation import PLACES
from portal.states import LOOKS

TEMPLATES = Path(settings.BASE_DIR) / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
ICONS = set(
    re.findall(r'<symbol id="([\w-]+)"', (Path(settings.BASE_DIR) / "static/img/icons.svg").read_text())
)
INLINE = re.compile(r"""<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=["']|javascript:|hx-on""")
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)


def source(name: str) -> str:
    return COMMENT.sub("", (TEMPLATES / name).read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(name: str) -> None:
    assert get_template(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_nothing_inline_that_the_content_policy_would_refuse(name: str) -> None:
    assert INLINE.findall(source(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_template_names_only_icons_that_were_drawn(name: str) -> None:
    assert set(re.findall(r'\{% icon "([\w-]+)"', source(name))) <= ICONS


@pytest.mark.parametrize("name", NAMES)
def test_a_template_names_only_states_that_exist(name: str) -> None:
    assert set(re.findall(r'\{% (?:state|badge) "(\w+)"', source(name))) <= set(LOOKS)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("components/")])
def test_a_part_says_at_its_top_what_it_is(name: str) -> None:
    assert (TEMPLATES / name).read_text().startswith(("{#", "{% comment %}"))


def test_states_and_places_have_icons_that_were_drawn() -> None:
    assert {look.icon for look in LOOKS.values()} | {place.icon for place in PLACES} <= ICONS


def test_green_is_kept_for_what_was_read_back() -> None:
    green = {kind for kind, look in LOOKS.items() if look.tone == "green"}

    assert green == {"cut_off", "confirmed", "delivered", "complete"}
