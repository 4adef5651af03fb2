"""Everybody begins where their work is."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.portal.signed_in import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


@pytest.mark.parametrize(
    ("who", "home"),
    [
        ("hana", "/people/"),
        ("ivan", "/people/"),
        ("sam", "/people/"),
        ("aude", "/audit/"),
        ("ada", "/settings/"),
        ("paula", "/me/"),
        ("otto", "/me/"),
    ],
)
def test_the_home_is_where_the_role_works(who, home, request):
    person = request.getfixturevalue(who)

    assert browser_of(person).get("/").headers["Location"] == home


def test_somebody_not_signed_in_goes_to_sign_in_and_comes_back(db):
    assert Client().get("/people/").headers["Location"] == "/accounts/login/?next=/people/"
