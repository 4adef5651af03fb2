"""The numbers of the overview: each role its own, each as many as the list behind it has."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.presenters import overview_numbers
from portal.presenters.overview_numbers import Number, OverviewNumbers
from sessions_app.models import Revocation, Role, Session, User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import a_grant, a_person, a_project, initiator_of, open_session
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def ended(person: User, *, by: User, seconds: float | None = 1, **ago: float) -> Revocation:
    """Somebody's access, ended this long ago and cut off after so many seconds; None is not yet."""
    order = Order(
        initiator=initiator_of(by),
        reason=Reason.OFFBOARDING,
        scope=OneUser(user_id=person.pk),
        received_at=timezone.now(),
    )
    found = revoke(order)
    at = timezone.now() - timedelta(**ago)
    cut_off_at = None if seconds is None else at + timedelta(seconds=seconds)
    Revocation.objects.filter(pk=found.pk).update(received_at=at, decided_at=at, cut_off_at=cut_off_at)
    return found


def numbers_of(reader: User) -> dict[str, Number]:
    return {str(each.label): each for each in OverviewNumbers(reader).tally}


def counted(reader: User) -> dict[str, str]:
    return {label: each.number for label, each in numbers_of(reader).items()}


# --- Who sees which -------------------------------------------------------------------------------

REVOCATIONS = ["Click to cut off, p95", "Cut off in 7 days", "Not yet cut off"]


@pytest.mark.parametrize(
    ("who", "more"),
    [
        ("hana", ["Open sessions"]),
        ("ivan", ["Open sessions", "Ending soon"]),
        ("sam", ["Open sessions", "Ending soon", "Audit entries"]),
        ("paula", ["Ending soon"]),
        ("aude", ["Open sessions", "Ending soon", "Audit entries"]),
    ],
)
def test_a_role_has_the_numbers_of_what_it_may_open_and_no_others(who, more, request):
    reader = request.getfixturevalue(who)
    browser = browser_of(reader)

    found = numbers_of(reader)

    assert list(found) == [*REVOCATIONS, *more]
    assert {browser.get(each.url).status_code for each in found.values()} == {200}


@pytest.mark.parametrize("who", ["ada", "otto"])
def test_whoever_may_open_none_of_them_has_none(who, request):
    numbers = OverviewNumbers(request.getfixturevalue(who))

    assert "Cut off in 7 days" not in [str(each.label) for each in numbers.tally]
    assert (numbers.shows_hours, numbers.hours) == (False, None)


def test_hr_counts_its_own_and_not_what_others_ended(hana, ivan, ines, carlos):
    ended(ines, by=ivan, hours=1)
    ended(carlos, by=hana, hours=1)

    assert (counted(hana)["Cut off in 7 days"], counted(ivan)["Cut off in 7 days"]) == ("1", "2")
    assert OverviewNumbers(hana).hours.sentence.startswith("1 revocation since")


def test_a_role_for_some_people_counts_only_them(ivan, ines):
    there = a_person("eva", country="ES")
    mina = a_person("mina")
    a_grant(mina, Role.IT, population_kind="country", population_value="ES")
    open_session(there)
    open_session(ines)
    ended(ines, by=ivan, hours=1)
    ended(there, by=ivan, seconds=None, hours=1)
    open_session(there)

    found = counted(mina)

    assert (found["Cut off in 7 days"], found["Not yet cut off"], found["Open sessions"]) == ("0", "1", "1")


def test_a_manager_counts_the_own_projects_that_end_soon(paula, ivan):
    mona = a_person("mona")
    a_grant(mona, Role.PROJECT_MANAGER)
    a_project("phoenix", ends_at=timezone.now() + timedelta(days=3), manager=paula)
    a_project("atlas", ends_at=timezone.now() + timedelta(days=3), manager=mona)
    a_project("helios", ends_at=timezone.now() + timedelta(days=8), manager=paula)

    assert (counted(paula)["Ending soon"], counted(ivan)["Ending soon"]) == ("1", "2")


# --- What they say --------------------------------------------------------------------------------


def test_each_number_is_as_many_as_its_list_has(ivan, ines, carlos, chen, otto, paula):
    ended(ines, by=ivan, days=2)
    ended(carlos, by=ivan, days=20)
    ended(chen, by=ivan, days=40)
    ended(otto, by=ivan, seconds=None, hours=1)
    open_session(paula)
    a_project("phoenix", ends_at=timezone.now() + timedelta(days=3), manager=paula)
    a_project("atlas", ends_at=timezone.now() + timedelta(days=9), manager=paula)
    browser, found = browser_of(ivan), numbers_of(ivan)

    behind = {label: browser.get(each.url) for label, each in found.items()}

    revocations = {label: behind[label].context["revocations"].page.paginator.count for label in REVOCATIONS}
    assert revocations == {"Click to cut off, p95": 1, "Cut off in 7 days": 1, "Not yet cut off": 1}
    assert [found[label].number for label in REVOCATIONS[1:]] == ["1", "1"]
    assert found["Cut off in 7 days"].line == "2 in 30 days"
    assert behind["Ending soon"].context["projects"].page.paginator.count == 1
    assert found["Open sessions"].number == str(Session.objects.open().count())


def test_half_and_ninety_five_of_a_hundred_are_measured_against_the_target(ivan):
    for seconds in range(1, 21):
        ended(a_person(), by=ivan, seconds=seconds, hours=seconds)

    found = numbers_of(ivan)["Click to cut off, p95"]

    assert (found.number, found.unit) == ("19.0", "s")
    assert found.line == "7 days, p50 10.0 s, target 30 s"


def test_where_nothing_was_ended_it_says_so_and_no_time_is_made_up(ivan):
    found = numbers_of(ivan)

    page = text_of(browser_of(ivan).get("/"))

    assert (found["Click to cut off, p95"].number, found["Click to cut off, p95"].line) == (
        "–",
        "nothing in 7 days",
    )
    assert (found["Not yet cut off"].number, found["Not yet cut off"].state) == ("0", "")
    assert "Nothing was decided in the last 24 hours." in page
    assert "<rect" not in page


@pytest.mark.parametrize(("seconds_ago", "state"), [(2, "waiting"), (120, "stuck")])
def test_what_is_not_cut_off_says_how_long_it_has_been_waiting(seconds_ago, state, ivan, ines):
    found = ended(ines, by=ivan, seconds=None)
    Revocation.objects.filter(pk=found.pk).update(decided_at=timezone.now() - timedelta(seconds=seconds_ago))

    number = numbers_of(ivan)["Not yet cut off"]

    assert (number.number, number.state) == ("1", state)
    assert number.line.startswith("oldest waits ")


def test_where_not_all_are_read_no_number_claims_to_be_all(ivan, ines, carlos, chen, monkeypatch):
    monkeypatch.setattr(overview_numbers, "COUNTED_AT_MOST", 1)
    ended(ines, by=ivan, days=1)
    ended(carlos, by=ivan, days=2)
    ended(chen, by=ivan, days=20)

    found = numbers_of(ivan)

    assert (found["Cut off in 7 days"].number, found["Cut off in 7 days"].line) == ("2+", "2+ in 30 days")
    assert found["Click to cut off, p95"].line.startswith("newest 2, ")


# --- The page -------------------------------------------------------------------------------------


def test_the_page_draws_them_with_a_sentence_and_a_table_and_no_inline_style_or_script(ivan, ines):
    ended(ines, by=ivan, minutes=1)

    answer = browser_of(ivan).get("/")

    page = text_of(answer)
    assert 'role="img" aria-label="1 revocation since' in page
    assert "Show as table" in page
    assert 'href="/revocations/?reason=offboarding&amp;since=1d"' in page
    assert 'href="/revocations/?state=not-yet"' in page
    assert " style=" not in page
    assert "onclick" not in page


def test_the_page_asks_as_many_questions_however_much_there_is(sam, ivan):
    ended(a_person(), by=ivan, hours=1)
    browser = browser_of(sam)
    browser.get("/")
    with CaptureQueriesContext(connection) as with_one:
        browser.get("/")
    for hours in range(12):
        ended(a_person(), by=ivan, hours=hours)
        open_session(a_person())

    with CaptureQueriesContext(connection) as with_many:
        browser.get("/")

    assert len(with_many) <= len(with_one) + 1
    assert len(OverviewNumbers(sam).tally) == 6


def test_the_numbers_themselves_cost_a_handful_of_questions(sam, ivan):
    ended(a_person(), by=ivan, hours=1)
    numbers = OverviewNumbers(User.objects.get(pk=sam.pk))

    with CaptureQueriesContext(connection) as queries:
        assert numbers.tally
        assert numbers.hours

    assert len(queries) <= 12
