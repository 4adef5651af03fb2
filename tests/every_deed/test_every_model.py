"""Every model's changes are in the trail in one known way, and what an operator edits field by field."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from auditlog.registry import auditlog
from django import forms
from django.apps import apps
from django.db import transaction
from django.urls import get_resolver

from audit.events import of_code
from audit.initiators import acting, the_clock
from audit.models import AuditEntry
from sessions_app.models import OAuthClient
from sessions_app.tokens.issuer_keys import fetch_all_keys
from tests.every_deed.deeds import left_since, newest_entry
from tests.every_deed.models import FOLLOWED, NOT_FOLLOWED, OF_THE_MACHINERY, TOLD_BY_EVENTS, UNUSED
from tests.factories import an_issuer, public_jwk
from tests.key_server import running_key_server
from tests.oauth_client import an_app

SOURCE = Path(__file__).resolve().parents[2]
PACKAGES = ("audit", "portal", "sessions_app")
SECRET = re.compile(r"secret|password|private_pem|hash")

KNOWN_WAYS = (set(FOLLOWED), set(TOLD_BY_EVENTS), set(OF_THE_MACHINERY), UNUSED)


def followed_fields(label: str) -> set[str]:
    return set(auditlog.get_model_fields(apps.get_model(label))["include_fields"])


def masked_fields(label: str) -> set[str]:
    return set(auditlog.get_model_fields(apps.get_model(label))["mask_fields"])


def test_every_model_is_in_the_trail_in_exactly_one_way():
    every = [model._meta.label for model in apps.get_models(include_auto_created=True)]
    ways = [label for way in KNOWN_WAYS for label in way]

    assert sorted(every) == sorted(ways)


def test_followed_are_exactly_the_models_that_an_operator_edits():
    assert {model._meta.label for model in auditlog.get_models()} == FOLLOWED


@pytest.mark.parametrize(
    "code", sorted({code for codes in TOLD_BY_EVENTS.values() for code in codes.split()})
)
def test_the_events_that_tell_of_a_model_exist(code: str):
    assert of_code(code).code == code


@pytest.mark.parametrize("label", sorted(FOLLOWED))
def test_every_field_of_a_followed_model_is_followed_or_says_nothing_of_anybody_s_will(label: str):
    fields = {field.name for field in apps.get_model(label)._meta.concrete_fields}

    assert followed_fields(label) | NOT_FOLLOWED[label] == fields


@pytest.mark.parametrize("label", sorted(FOLLOWED))
def test_no_secret_of_a_followed_model_is_shown(label: str):
    secrets = {name for name in followed_fields(label) if SECRET.search(name)}

    assert secrets <= masked_fields(label)


def forms_of_models() -> list[type[forms.ModelForm]]:  # type: ignore[type-arg]  # of any model
    """Those of pages that exist: the resolver has loaded every view."""
    assert get_resolver().url_patterns
    return [form for form in every_child(forms.ModelForm) if form.__module__.startswith(PACKAGES)]


def every_child(family: type) -> Iterator[type]:
    for child in family.__subclasses__():
        yield child
        yield from every_child(child)


def test_there_are_forms_of_models():
    assert forms_of_models()


def test_whatever_a_form_edits_is_followed():
    """A form for a model, or for a field of one, that the trail would not see."""
    unseen = {
        f"{form.__name__}: {model._meta.label}.{name}"
        for form in forms_of_models()
        for model in [form._meta.model]
        for name in form.base_fields
        if name in {field.name for field in model._meta.concrete_fields}
        and not (model._meta.label in FOLLOWED and name in followed_fields(model._meta.label))
    }

    assert unseen == set()


# --- Ways around it -------------------------------------------------------------------------------


def calls_of(*names: str) -> Iterator[tuple[Path, ast.Call, ast.Attribute]]:
    for package in PACKAGES:
        for path in sorted((SOURCE / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr in names:
                    yield path, node, called  # type: ignore[misc]  # a call, as was asked above


def place(path: Path, node: ast.Call) -> str:
    return f"{path.relative_to(SOURCE)}: {ast.unparse(node.func)[:80]}"


def model_named_in(node: ast.expr) -> str:
    """`Issuer.objects.filter(...)` names Issuer; a variable names nothing."""
    root = node
    while isinstance(root, ast.Attribute | ast.Call):
        root = root.value if isinstance(root, ast.Attribute) else root.func
    return root.id if isinstance(root, ast.Name) else ""


NAMES = {label.partition(".")[2] for label in FOLLOWED}
OTHERS = {model.__name__ for model in apps.get_models()} - NAMES
# What is stored with `**values`, each looked at: fields that are not followed.
LOOKED_AT = {
    "sessions_app/tokens/issuer_keys.py: Issuer.objects.filter(pk=issuer.pk).update",
}


def may_be_followed(called: ast.Attribute) -> bool:
    """Unless the call itself says that it is about another model."""
    return model_named_in(called.value) not in OTHERS


def has_unnamed_values(node: ast.Call, called: ast.Attribute) -> bool:
    return model_named_in(called.value) in NAMES and any(keyword.arg is None for keyword in node.keywords)


def test_no_update_of_rows_at_once_changes_a_followed_field():
    """`queryset.update()` leaves no entry, whatever the variable is called."""
    followed = {name for label in FOLLOWED for name in followed_fields(label)}
    around = {
        place(path, node)
        for path, node, called in calls_of("update", "aupdate")
        if may_be_followed(called)
        and ({keyword.arg for keyword in node.keywords} & followed or has_unnamed_values(node, called))
    }

    assert around - LOOKED_AT == set()


def test_no_followed_row_is_made_in_bulk():
    around = {
        place(path, node)
        for path, node, called in calls_of("bulk_create", "abulk_create", "bulk_update")
        if model_named_in(called.value) in NAMES
    }

    assert around == set()


# --- In the background and hidden -------------------------------------------------------------------


@pytest.mark.django_db
def test_keys_that_the_clock_fetched_are_a_field_change_by_the_clock():
    with running_key_server({"keys": [public_jwk()]}) as server:
        an_issuer("https://keys.example", jwks_uri=server.url, allow_private_jwks=True, keys={"keys": []})
        before = newest_entry()

        fetch_all_keys(by=the_clock())

    assert left_since(before) == ["CH-002 clock issuer", "ST-110 clock issuer"]


@pytest.mark.django_db
def test_the_hash_of_a_client_s_secret_stands_nowhere_in_the_trail():
    client = OAuthClient.objects.get(pk=an_app().client.pk)
    with transaction.atomic(), acting(the_clock()):
        client.client_secret = OAuthClient.hash_of("another")
        client.save()

    written = str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert AuditEntry.objects.latest("id").changes == {"client_secret": ["***", "***"]}
    assert OAuthClient.hash_of("another") not in written
