"""Every field of every model is declared: personal, with purpose, retention and readers, or none of anybody."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from portal.presenters.personal_data import shown_fields
from sessions_app.models import User
from sessions_app.personal_data.declared import PERSONAL, personal_fields
from tests.every_deed.impersonal import IMPERSONAL
from tests.portal.signed_in import browser_of, text_of

# What can tell something of a person. Numbers, truths, choices and links do not by themselves.
TELLING = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.GenericIPAddressField,
    models.BinaryField,
    models.DateField,
    models.UUIDField,
)


def telling_fields() -> set[tuple[str, str]]:
    return {
        (model._meta.label, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, TELLING) and not field.choices
    }


def impersonal_fields() -> set[tuple[str, str]]:
    return {(label, name) for label, names in IMPERSONAL.items() for name in names.split()}


def whole_models() -> set[str]:
    return {label for label, names in IMPERSONAL.items() if names == "*"}


def test_every_field_that_can_tell_something_is_declared():
    to_declare = {(label, name) for label, name in telling_fields() if label not in whole_models()}

    assert to_declare == set(personal_fields()) | {
        each for each in impersonal_fields() if each[0] not in whole_models()
    }


def test_no_field_is_declared_twice():
    declared = [*personal_fields(), *impersonal_fields()]

    assert len(declared) == len(set(declared))


def test_nothing_is_declared_of_a_model_that_does_not_exist():
    every = {model._meta.label for model in apps.get_models(include_auto_created=True)}

    assert {each.model for each in PERSONAL} | set(IMPERSONAL) <= every


@pytest.mark.django_db
def test_the_page_shows_every_declared_field_with_its_readers(ada: User, in_demo: None, open_gate: object):
    page = text_of(browser_of(ada).get("/settings/personal-data/"))

    assert len(shown_fields()) == len(PERSONAL)
    assert (
        "sessions_app.User: username, external_id, display_name, email, employee_number, search_text" in page
    )
    assert "90 days after the session ended" in page
    assert "IT, Security" in page
