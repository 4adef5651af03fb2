"""Of the sign-in pages that come with the library, only those there is a use for."""

import pytest
from django.test import Client


@pytest.mark.parametrize("page", ["signup", "email", "password/set", "password/reset", "login/code/confirm"])
def test_a_sign_in_page_without_use_is_not_there(client: Client, db: None, page: str) -> None:
    assert client.get(f"/accounts/{page}/").status_code == 404
