"""The template words that pages are written with."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from portal.templatetags import curfew

MOMENT = datetime(2025, 11, 23, 14, 2, 11, 380_000, tzinfo=UTC)
HOSTILE = '<img src=x onerror="alert(1)">'


def drawn(text: str, **context: object) -> str:
    return Template("{% load curfew %}" + text).render(Context(context))


def test_an_icon_is_hidden_from_readers() -> None:
    assert 'aria-hidden="true"' in curfew.icon("copy")
    assert 'icons.svg#copy"' in curfew.icon("copy")


def test_a_state_says_its_word_beside_its_icon() -> None:
    shown = drawn('{% state "cut_off" %}')

    assert "state--green" in shown
    assert "#shield" in shown
    assert "<span>Cut off</span>" in shown


def test_a_forecast_is_not_green_because_nothing_was_proved() -> None:
    assert "green" not in drawn('{% state "at_once" %}{% badge "in_seconds" %}')


def test_only_a_running_state_moves() -> None:
    assert "is-running" in drawn('{% badge "running" "running, try 2" %}')
    assert "is-running" not in drawn('{% badge "waiting" %}')


def test_a_states_own_words_are_escaped() -> None:
    assert "<img" not in drawn("{% state 'stuck' words %}", words=HOSTILE)


def test_a_relative_time_carries_the_exact_one_in_its_title() -> None:
    shown = curfew.ago(timezone.now() - timedelta(minutes=3, seconds=5))

    assert ">3 min ago<" in shown
    assert " UTC" in shown
    assert "data-ago" in shown


def test_a_day_hides_the_time_in_the_page_too() -> None:
    assert curfew.day(MOMENT) == '<time datetime="2025-11-23">23 Nov 2025</time>'


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("full", '<span class="dim">23 Nov 2025</span> 14:02:11.380'),
        ("row", '<span class="dim">23 Nov 2025</span> 14:02:11.380'),
        ("minute", "23 Nov 2025, 14:02 UTC"),
        ("clock", ">14:02:11.380<"),
    ],
)
def test_exact_times_have_four_forms(form: str, words: str) -> None:
    assert words in curfew.utc(MOMENT, form)


def test_a_row_of_this_year_leaves_the_year_out() -> None:
    now = timezone.now()

    assert str(now.year) not in curfew.utc(now, "row").split(">", 1)[1]


@pytest.mark.parametrize("word", [curfew.ago, curfew.left, curfew.day, curfew.utc])
def test_a_missing_moment_is_a_spoken_dash(word: object) -> None:
    assert callable(word)
    assert "none" in word(None)


def test_a_moment_that_has_passed_leaves_nothing() -> None:
    assert "none" in curfew.left(MOMENT)
    assert ">40 min<" in curfew.left(timezone.now() + timedelta(minutes=41) - timedelta(seconds=1))


def test_a_clock_sets_number_and_unit_apart() -> None:
    assert (curfew.seconds_number(0.02), curfew.seconds_unit(0.02)) == ("0.02", "s")
    assert (curfew.seconds_number(None), curfew.seconds_unit(None)) == ("–", "")
    assert curfew.seconds(timedelta(seconds=6.31)) == "6.3 s"
    assert curfew.seconds(None) == "–"


def test_ids_show_their_last_three_characters() -> None:
    assert curfew.tail("sid-1239c2") == "…9c2"
    assert curfew.tail(None) == "–"


def test_a_hash_keeps_both_ends_and_the_whole_in_its_title() -> None:
    shown = curfew.short_hash("9f3a" + "0" * 56 + "c71e")

    assert ">9f3a…c71e<" in shown
    assert 'title="9f3a0' in shown
    assert curfew.short_hash("short") == "short"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ines Almeida", "IA"),
        ("Ana María de la Cruz", "AC"),
        ("Prince", "P"),
        ("陳 偉", "陳偉"),
        ("<b>x</b> 'y", "BY"),
        ("   ", "?"),
        ("🦊 🦊", "?"),
        (None, "?"),
    ],
)
def test_initials_are_at_most_two_letters_of_any_name(name: str | None, letters: str) -> None:
    assert curfew.initials(name) == letters


def test_a_panel_does_not_see_the_variables_of_its_page() -> None:
    shown = drawn("{% panel %}body{% endpanel %}", title="Secret of the page", foot="another")

    assert "Secret" not in shown
    assert "another" not in shown
    assert "body" in shown


def test_a_dialog_is_a_page_of_its_own_unless_htmx_asked() -> None:
    request = RequestFactory().get("/")
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]  # what the middleware does

    shown = drawn(
        '{% dialog title="End it?" action="/x/" submit="End 1 session" %}why{% enddialog %}', request=request
    )

    assert "<h1" in shown
    assert "hx-post" not in shown
    assert "why" in shown


def test_a_dialog_asked_for_by_htmx_posts_back_into_the_dialog() -> None:
    request = RequestFactory().get("/", headers={"hx-request": "true"})
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]  # what the middleware does

    shown = drawn(
        '{% dialog title="End it?" action="/x/" submit="End 1 session" %}why{% enddialog %}', request=request
    )

    assert 'hx-post="/x/" hx-target="#dialog"' in shown
    assert "<h1" not in shown
