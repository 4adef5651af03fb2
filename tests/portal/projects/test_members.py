"""People are put on a project after a look at whom their names were understood to mean, all of them or nobody."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.member_forms import names_of
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import Group, User
from sessions_app.revocation.populations import members_of
from tests.factories import a_group, a_person, open_session, token_for, verdict_on
from tests.portal.signed_in import browser_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_demo", "open_gate")]

ADD = "/projects/phoenix/members/add/"


def look(reader: User, names: str = "", **said: Any) -> Any:
    """Send the names, or a file of them."""
    group = Group.objects.get(name="phoenix")
    return browser_of(reader).post(ADD, {"group": group.pk, "names": names, **said})


def sent_on(page: Any) -> dict[str, Any]:
    """What the second step sends."""
    understood = page.context["understood"]
    return {"group": understood.group.pk, "person": understood.keys}


def a_file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("people.csv", content, content_type="text/csv")


def test_names_are_understood_first_and_added_then(phoenix, paula, ines, otto, carlos):
    page = look(paula, f"ines\n{otto.email}\ncarlos")
    assert [(row.name, row.is_member) for row in page.context["understood"].rows] == [
        ("Ines Almeida", False),
        ("Otto Berg", False),
        ("Carlos Vega", True),
    ]
    assert ines not in members_of("phoenix")

    answer = browser_of(paula).post(ADD, sent_on(page), follow=True)

    assert "2 people were added." in text_of(answer)
    assert {ines, otto, carlos} == set(members_of("phoenix"))


def test_a_csv_is_read_by_its_first_column_whatever_separates_it(phoenix, paula, ines, otto):
    content = f"\ufeffemail;since\n{ines.email};2026\n\n{otto.employee_number};2025\n".encode()

    page = look(paula, file=a_file(content))

    assert [(row.line, row.name) for row in page.context["understood"].rows] == [
        (2, "Ines Almeida"),
        (4, "Otto Berg"),
    ]


def test_one_line_that_means_nobody_keeps_all_out_and_says_which(phoenix, paula, ines):
    page = look(paula, "ines\nnobody")

    assert page.status_code == 422
    assert [(row.line, row.typed) for row in page.context["understood"].problems] == [(2, "nobody")]
    assert not page.context["understood"].can_be_added
    assert 'name="person"' not in text_of(page)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"names": ""}, "Type names or choose a file"),
        ({"names": "\n".join(f"p{number}" for number in range(401))}, "At most 400 people at once"),
        ({"file": a_file(b"\xff\xfe\x00")}, "not UTF-8"),
        ({"file": a_file(b"x" * (256 * 1024 + 1))}, "larger than 256 KB"),
        ({"names": "username\n"}, "There is no name in it."),
        ({"names": "ines", "group": "999"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_read_is_said(said: dict[str, Any], sentence: str, phoenix, paula):
    page = look(paula, **said)

    assert (page.status_code, sentence in text_of(page)) == (422, True)


def test_the_second_step_adds_only_by_a_group_of_the_project(phoenix, paula, ines):
    elsewhere = a_group("domain-admins")

    answer = browser_of(paula).post(ADD, {"group": elsewhere.pk, "person": [str(ines.pk)]})

    assert answer.status_code == 422
    assert not elsewhere.members.exists()


def test_ids_that_are_none_change_nothing(phoenix, paula):
    answer = browser_of(paula).post(ADD, {"group": Group.objects.get().pk, "person": ["x", "../../etc"]})

    assert (answer.status_code, "cannot be used any more" in text_of(answer)) == (422, True)


def test_somebody_who_was_blocked_meanwhile_keeps_all_out(phoenix, paula, ines, otto):
    page = look(paula, "ines\notto")
    User.objects.filter(pk=otto.pk).update(sign_in_blocked_at=timezone.now())

    answer = browser_of(paula).post(ADD, sent_on(page))

    assert "Nobody was added" in text_of(answer)
    assert ines not in members_of("phoenix")


def test_where_a_directory_owns_the_group_there_is_no_form(phoenix, paula):
    Group.objects.update(members_as_of=timezone.now())

    page = text_of(browser_of(paula).get(ADD))

    assert "A directory decides who is in this project" in page
    assert 'name="names"' not in page


def test_removing_asks_first_and_then_ends_the_persons_tokens(phoenix, paula, carlos):
    token = token_for(carlos, open_session(carlos))
    browser, address = browser_of(paula), f"/projects/phoenix/members/{carlos.pk}/remove/"
    assert "Take Carlos Vega off Phoenix?" in text_of(browser.get(address))

    answer = browser.post(address, follow=True)

    assert "Carlos Vega is no longer on it." in text_of(answer)
    assert carlos not in members_of("phoenix")
    assert verdict_on(token).outcome == Outcome.REVOKED


def test_somebody_who_is_not_on_it_cannot_be_removed(phoenix, paula, ines):
    answer = browser_of(paula).post(f"/projects/phoenix/members/{ines.pk}/remove/")

    assert answer.status_code == 404


def test_nobody_removes_themselves(phoenix, paula):
    a_group("phoenix", paula)

    answer = browser_of(paula).post(f"/projects/phoenix/members/{paula.pk}/remove/")

    assert "Nobody adds themselves to a project" in text_of(answer)
    assert paula in members_of("phoenix")


def test_a_name_that_turns_the_text_is_shown_harmless(phoenix, paula):
    a_person("trick", display_name="Eve \u202e<script>", employee_number="N-9")

    page = text_of(look(paula, "N-9"))

    assert "<script>" not in page.split("What was understood")[1]
    assert "\u202e" not in page


def test_lines_are_counted_as_editors_do_and_quotes_are_no_names():
    assert names_of('name,x\n\n"ines, a",1\n , \notto') == [(3, "ines, a"), (5, "otto")]
