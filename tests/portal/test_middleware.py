"""What is refused before a view, a form or the session is even looked at."""

from __future__ import annotations

import pytest
from django.test import Client

HUGE = str(2 * 1024**3)


@pytest.mark.parametrize("length", [HUGE, "9" * 400, "-1", "many", "\u0665"])
@pytest.mark.parametrize("path", ["/accounts/login/", "/audit/evidence/", "/nowhere/"])
def test_what_is_too_long_is_not_read(path: str, length: str):
    answer = Client().generic("POST", path, b"x", CONTENT_LENGTH=length)

    assert answer.status_code == 413
    assert "Nothing was changed" in answer.content.decode()


def test_a_program_is_told_so_in_its_own_way():
    answer = Client().generic("POST", "/api/v1/revocations", b"x", CONTENT_LENGTH=HUGE)

    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    assert answer.json()["code"] == "body_too_large"


@pytest.mark.django_db
def test_without_a_length_there_is_nothing_to_read():
    assert Client().generic("POST", "/accounts/login/", b"", CONTENT_LENGTH="").status_code != 413
