"""Schedule leaving, change it, take it back: from the person's page, by whom the matrix says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.initiators import the_clock
from audit.models import AuditEntry
from sessions_app.changes.leavings import let_people_leave
from sessions_app.models import Leaving, LeavingState, Revocation, Role, User
from tests.factories import PASSWORD, a_grant, a_person, open_session, with_password
from tests.portal.signed_in import HTMX, browser_of, terminate, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def address_of(person: User) -> str:
    return f"/people/{person.pk}/leaving/"


def filled(browser: Client, person: User, **typed: str) -> dict[str, Any]:
    """What a browser would send that leaves everything else as the dialog drew it."""
    form = browser.get(address_of(person)).context["form"]
    drawn = {name: form[name].value() or "" for name in form.fields}
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    return {**drawn, "day": tomorrow.isoformat(), "at": "18:00", "zone": "Europe/Lisbon", **typed}


def schedule(browser: Client, person: User, **typed: str) -> HttpResponse:
    return browser.post(address_of(person), filled(browser, person, **typed))


def the_moment_came(person: User) -> None:
    Leaving.objects.filter(user=person).update(leaves_at=timezone.now() - timedelta(seconds=1))
    let_people_leave(by=the_clock())


# --- Scheduling -----------------------------------------------------------------------------------------


def test_hr_schedules_a_leaving_and_the_person_s_page_says_when_and_by_whom(hana, ines):
    browser = browser_of(hana)

    answer = schedule(browser, ines, ticket="HR-2231", note="retires")

    page = text_of(browser.get(answer.headers["Location"]))
    leaving = Leaving.objects.get()
    assert answer.status_code == 303
    assert (leaving.user, leaving.time_zone, f"{leaving.local:%H:%M}") == (ines, "Europe/Lisbon", "18:00")
    assert "The access of Ines Almeida ends" in page
    assert "18:00 Europe/Lisbon (18:00 UTC)" in page
    assert "Scheduled by Hana Weiss" in page
    assert "Ticket HR-2231." in page
    assert "retires" in page
    assert "Take back" in page


def test_the_dialog_begins_with_the_last_day_of_hr_s_system_at_the_end_of_work_there(hana, ines):
    day = (timezone.now() + timedelta(days=8)).date()
    User.objects.filter(pk=ines.pk).update(last_day=day, country="PT")

    form = browser_of(hana).get(address_of(ines)).context["form"]

    assert form["day"].value() == day
    assert f"{form['at'].value():%H:%M}" == "18:00"
    assert form["zone"].value() == "Europe/Lisbon"
    where, zones = form.fields["zone"].choices[0]
    assert where == "Where Ines works"
    assert [zone for zone, _words in zones] == ["Europe/Lisbon", "Atlantic/Madeira", "Atlantic/Azores"]


def test_a_last_day_that_is_over_is_not_offered(hana, ines):
    User.objects.filter(pk=ines.pk).update(last_day=date(2020, 1, 31), country="Nowhere")

    form = browser_of(hana).get(address_of(ines)).context["form"]

    assert (form["day"].value(), form["zone"].value()) == (None, "UTC")


def test_a_part_for_htmx_and_a_page_without(hana, ines):
    browser = browser_of(hana)

    assert "<html" not in browser.get(address_of(ines), headers=HTMX).content.decode()
    assert "<html" in browser.get(address_of(ines)).content.decode()


def next_jump() -> date:
    """The last Sunday of March, when clocks in Europe jump from two to three."""
    today = timezone.now().date()
    march = date(today.year + (today >= date(today.year, 3, 24)), 3, 31)
    return march - timedelta(days=(march.weekday() + 1) % 7)


def test_a_time_that_the_clocks_jump_over_is_understood_and_said(hana, ines):
    browser, day = browser_of(hana), next_jump()

    answer = schedule(browser, ines, day=day.isoformat(), at="02:30", zone="Europe/Madrid")

    page = text_of(browser.get(answer.headers["Location"]))
    assert Leaving.objects.get().leaves_at == datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    assert "03:00 Europe/Madrid (01:00 UTC)" in page
    assert "The clocks jump over the time that was typed" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"day": "2020-01-31"}, "This moment has passed."),
        ({"day": "2999-01-31"}, "at most a year ahead"),
        ({"day": "9999-12-31"}, "no date of our time"),
        ({"day": ""}, "This field is required."),
        ({"day": "31/01/2027"}, "Enter a valid date."),
        ({"at": "25:00"}, "Enter a valid time."),
        ({"zone": "Europe/Atlantis"}, "not one of the available choices"),
        ({"ticket": "because she was rude"}, "A ticket is a reference"),
        ({"note": "x" * 1001}, "at most 1000 characters"),
        ({"instead_of": "not-an-id"}, "Enter a valid UUID."),
    ],
)
def test_what_cannot_be_meant_comes_back_with_what_was_typed(hana, ines, typed, said):
    answer = schedule(browser_of(hana), ines, **{"note": "keeps this", **typed})

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert typed.get("note", "keeps this") in text_of(answer)
    assert not Leaving.objects.exists()


def test_sending_the_form_twice_schedules_once(hana, ines):
    browser = browser_of(hana)
    form = filled(browser, ines)

    answers = [browser.post(address_of(ines), form).status_code for _click in range(2)]

    assert answers == [303, 303]
    assert AuditEntry.objects.filter(event_code="LV-101").count() == 1


def test_a_form_drawn_before_somebody_else_scheduled_is_shown_anew(hana, ivan, ines):
    form = filled(browser_of(ivan), ines)
    schedule(browser_of(hana), ines, at="12:00")

    answer = browser_of(ivan).post(address_of(ines), form)

    assert answer.status_code == 409
    assert "meanwhile" in text_of(answer)
    assert Leaving.objects.count() == 1


def test_whoever_signed_in_long_ago_proves_it_and_finds_what_was_typed(hana, ines):
    browser = browser_of(with_password(hana), minutes_ago=11)

    asked = schedule(browser, ines, note="retires")
    browser.post(asked.headers["Location"], {"password": PASSWORD})
    back = browser.get(address_of(ines))

    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert back.context["form"]["note"].value() == "retires"
    assert not Leaving.objects.exists()


# --- Who may --------------------------------------------------------------------------------------------


def test_nobody_is_offered_their_own_leaving_and_nobody_sees_it(hana, ivan):
    schedule(browser_of(ivan), hana, note="not told yet")
    own = browser_of(hana)

    pages = [text_of(own.get(f"/people/{hana.pk}/")), text_of(own.get("/people/?leaving=scheduled"))]
    pages.append(own.post("/me/data/").content.decode())

    assert not [page for page in pages if "Europe/Lisbon" in page or "LV-101" in page]
    assert own.post(address_of(hana), filled(browser_of(ivan), hana)).status_code == 403
    assert Leaving.objects.get().is_open


def test_hr_changes_and_takes_back_only_what_hr_itself_scheduled(hana, ivan, ines):
    schedule(browser_of(ivan), ines, note="as Ivan knows")
    browser = browser_of(hana)

    page = text_of(browser.get(f"/people/{ines.pk}/"))
    dialog = text_of(browser.get(address_of(ines)))
    answers = [browser.post(f"{address_of(ines)}{end}").status_code for end in ("", "cancel/")]

    assert "Scheduled by Ivan Petrov" in page
    assert "Take back" not in page
    assert "as Ivan knows" not in page
    assert "Ivan Petrov scheduled this leaving." in dialog
    assert answers == [403, 403]
    assert Leaving.objects.get().is_open
    assert AuditEntry.objects.filter(event_code="AC-403F").count() == 2


@pytest.mark.parametrize("who", ["ivan", "sam"])
def test_it_and_security_take_back_what_hr_scheduled(request, who, hana, ines):
    schedule(browser_of(hana), ines)

    answer = browser_of(request.getfixturevalue(who)).post(f"{address_of(ines)}cancel/")

    assert answer.status_code == 303
    assert Leaving.objects.get().state == LeavingState.CANCELLED


@pytest.mark.parametrize("who", ["paula", "aude", "ada", "otto"])
def test_other_roles_neither_schedule_nor_know(request, who, hana, ines):
    schedule(browser_of(hana), ines)
    browser = browser_of(request.getfixturevalue(who))

    assert browser.get(address_of(ines)).status_code == 403
    assert browser.post(f"{address_of(ines)}cancel/").status_code == 403
    assert "Europe/Lisbon" not in text_of(browser.get(f"/people/{ines.pk}/"))
    assert Leaving.objects.get().is_open


def test_outside_their_population_people_do_not_exist(hana, ines):
    schedule(browser_of(hana), ines)
    narrow = a_person("nora")
    a_grant(narrow, Role.HR, population_kind="country", population_value="NO")
    browser = browser_of(narrow)

    assert [
        browser.get(address_of(ines)).status_code,
        browser.post(f"{address_of(ines)}cancel/").status_code,
    ] == [
        404,
        404,
    ]


def test_hr_does_not_schedule_somebody_privileged_and_security_is_told_what_will_happen(hana, sam, ada):
    refused = browser_of(hana).post(address_of(ada), filled(browser_of(sam), ada))
    dialog = text_of(browser_of(sam).get(address_of(ada)))

    assert refused.status_code == 403
    assert "at that moment Security is asked to end it" in dialog


# --- Changing and taking back ---------------------------------------------------------------------------


def test_changing_it_begins_with_what_stands(hana, ines):
    browser = browser_of(hana)
    schedule(browser, ines, at="12:15", note="retires")

    dialog = browser.get(address_of(ines))
    browser.post(address_of(ines), filled(browser, ines, at="20:00"))

    form = dialog.context["form"]
    assert (f"{form['at'].value():%H:%M}", form["note"].value()) == ("12:15", "retires")
    assert "Scheduled now for" in text_of(dialog)
    assert [f"{each.local:%H:%M} {each.state}" for each in Leaving.objects.order_by("leaves_at")] == [
        "12:15 cancelled",
        "20:00 scheduled",
    ]


def test_taken_back_the_person_stays(hana, ines):
    browser = browser_of(hana)
    schedule(browser, ines)

    question = text_of(browser.get(f"{address_of(ines)}cancel/"))
    answer = browser.post(f"{address_of(ines)}cancel/")
    page = text_of(browser.get(answer.headers["Location"]))

    assert "Nothing ends then, and Ines keeps access." in question
    assert "The leaving of Ines Almeida was taken back." in page
    assert "Schedule leaving" in page


def test_taking_back_twice_says_that_nothing_is_scheduled(hana, ines):
    browser = browser_of(hana)
    schedule(browser, ines)
    browser.post(f"{address_of(ines)}cancel/")

    again = browser.post(f"{address_of(ines)}cancel/")

    assert "No leaving is scheduled any more." in text_of(again)
    assert AuditEntry.objects.filter(event_code="LV-102").count() == 1


# --- What came of it ------------------------------------------------------------------------------------


def test_whoever_scheduled_it_opens_the_receipt_which_says_so(hana, ines, wiki):
    open_session(ines, wiki)
    browser = browser_of(hana)
    schedule(browser, ines, note="retires")

    the_moment_came(ines)

    page = text_of(browser.get(f"/revocations/{Revocation.objects.get().receipt}/"))
    assert "Scheduled by" in page
    assert "Hana Weiss" in page
    assert "retires" in page
    assert "The clock" in page


def test_the_page_names_the_receipt_that_overtook_it(hana, ivan, ines):
    schedule(browser_of(hana), ines)
    terminate(browser_of(ivan), ines)
    let_people_leave(by=the_clock())
    receipt = Revocation.objects.get().receipt

    page = text_of(browser_of(ivan).get(f"/people/{ines.pk}/"))

    assert "Was to leave" in page
    assert f"The access had ended earlier: receipt {receipt}." in page


def test_a_leaving_that_is_stuck_is_said_in_red_with_whose_work_it_is(hana, sam, ivan, ines):
    schedule(browser_of(hana), ines)
    a_grant(ines, Role.SECURITY)
    the_moment_came(ines)

    page = browser_of(ivan).get(f"/people/{ines.pk}/")
    row = next(row for row in browser_of(ivan).get("/people/?q=ines").context["people"].rows)

    assert "and still has access" in text_of(page)
    assert "Only Security can end their access." in text_of(page)
    assert "Security has to see to it. Ask Sam Okoro" in text_of(page)
    assert "note--danger" in page.content.decode()
    assert row.is_stuck


def test_people_are_found_whose_access_ends_by_itself(hana, ines, otto):
    schedule(browser_of(hana), ines)

    answer = browser_of(hana).get("/people/", {"leaving": "scheduled"})

    (row,) = answer.context["people"].rows
    (chip,) = answer.context["people"].chips_on
    assert row.name == "Ines Almeida"
    assert row.leaves.endswith(", 18:00")
    assert (chip.value, chip.remove_url) == ("access ends by itself", "?")


def test_who_may_not_know_of_leavings_cannot_find_people_by_them(hana, ada, aude, ines):
    schedule(browser_of(hana), ines)

    assert not browser_of(aude).get("/people/", {"leaving": "scheduled"}).context["people"].rows
    assert "access ends by itself" not in text_of(browser_of(ada).get("/people/"))
