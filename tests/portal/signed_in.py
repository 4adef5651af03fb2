"""A browser in which somebody is signed in, without the price of a password hash."""

from __future__ import annotations

from django.test import Client

from sessions_app.models import User


def browser_of(user: User) -> Client:
    """Signed in as this person; follows nothing, checks CSRF no more than Django's own client does."""
    client = Client()
    client.force_login(user, backend="portal.sign_in.SignInBackend")
    return client


HTMX = {"HX-Request": "true"}
