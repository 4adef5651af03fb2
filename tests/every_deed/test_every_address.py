"""Every address leaves exactly its entries, and one without a row in these tables fails here."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.models import Session
from tests.every_deed import (  # noqa: F401  # each fills the table
    api,
    approvals,
    audit_pages,
    endings,
    oauth,
    own,
    people,
    privacy,
    projects,
    reports,
    sign_in,
)
from tests.every_deed import settings as settings_pages  # noqa: F401
from tests.every_deed.addresses import addresses, closed, closed_example, guarded
from tests.every_deed.deeds import DEEDS, Deed, left_since, newest_entry, receipts_behind
from tests.every_deed.reads import NOTHING_THERE, READS, WRITTEN_BY_LOOKING, example
from tests.every_deed.scene import Scene, status_of
from tests.key_server import running_key_server

pytestmark = pytest.mark.django_db

Commits = Callable[..., AbstractContextManager[Any]]
AT_ADDRESSES = [each for each in DEEDS if not each.at.startswith("manage.py")]
UNSAFE = ("post", "put", "patch", "delete")
WRITES = re.compile(r'^(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')


@pytest.fixture
def key_server() -> Any:
    with running_key_server({"keys": []}) as server:
        yield server


def test_every_address_has_its_row():
    assert addresses() == {each.at for each in AT_ADDRESSES} | set(READS) | set(NOTHING_THERE)


def test_no_address_is_said_both_to_change_something_and_only_to_show():
    assert not {each.at for each in AT_ADDRESSES} & set(READS)


@pytest.mark.parametrize("deed", AT_ADDRESSES, ids=str)
def test_a_deed_leaves_exactly_its_entries(
    deed: Deed, scene: Scene, django_capture_on_commit_callbacks: Commits
):
    with django_capture_on_commit_callbacks(execute=True):
        act = deed.prepare(scene)
    before = newest_entry()

    with django_capture_on_commit_callbacks(execute=True):
        answer = act()

    assert status_of(answer) == deed.answers
    assert getattr(getattr(answer, "resolver_match", None), "route", deed.at) == deed.at
    assert left_since(before) == list(deed.leaves)
    assert receipts_behind() == []


@pytest.mark.parametrize("at", READS, ids=lambda at: at or "home")
def test_a_look_writes_nothing_but_that_somebody_is_there(at: str, scene: Scene):
    address, browser = example(scene, at), scene.browser(READS[at][0])
    before = newest_entry()

    with CaptureQueriesContext(connection) as asked:
        browser.get(address)

    written = {found[1] for query in asked if (found := WRITES.match(query["sql"]))}
    assert written <= WRITTEN_BY_LOOKING
    assert left_since(before) == []


@pytest.mark.parametrize("at", READS, ids=lambda at: at or "home")
def test_an_address_that_only_shows_takes_nothing_else(at: str, scene: Scene):
    address, browser = example(scene, at), scene.browser(READS[at][0])

    answers = {method: getattr(browser, method)(address).status_code for method in UNSAFE}

    assert answers == dict.fromkeys(UNSAFE, 405)


def test_somebody_without_the_right_is_refused_and_the_attempt_recorded(scene: Scene):
    otto = scene.browser("otto")

    for at in sorted(guarded()):
        address = "/" + re.sub(r"<(\w+):\w+>", lambda found: EXAMPLES[found[1]], at)
        before = newest_entry()
        answers = [otto.get(address).status_code, otto.post(address).status_code]
        refused = ["AC-403F otto address"] * answers.count(403)

        assert (at, set(answers) <= {403, 405}, left_since(before)) == (at, True, refused)
        assert refused


EXAMPLES = {"uuid": "6f1c7b52-9c1e-4a0e-8d3f-0b5a4b0c9a11", "int": "1", "str": "csv", "slug": "phoenix"}


@pytest.mark.parametrize("at", sorted(closed()))
def test_what_is_closed_answers_nobody(at: str, scene: Scene):
    address, otto = f"/{closed_example(at)}", scene.browser("otto")
    before = newest_entry()

    answer = otto.post(address)

    assert answer.status_code == 404
    assert left_since(before) == []


def test_a_form_that_another_site_made_somebody_send_is_refused_and_recorded(scene: Scene):
    """Django's check of where a form comes from, which its test client leaves out unless asked."""
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = scene.browser("sam").cookies
    before = newest_entry()

    answer = browser.post(f"/people/{scene.ines.pk}/terminate/", {"reason": "offboarding"})

    assert answer.status_code == 403
    assert left_since(before) == ["AC-403F sam address"]


def test_a_session_left_alone_too_long_is_signed_out_and_that_is_recorded(scene: Scene):
    browser = scene.browser("sam")
    Session.objects.of(scene.sam).update(last_used_at=timezone.now() - settings.SESSION_IDLE_LIMIT * 2)
    before = newest_entry()

    browser.get("/people/")

    assert left_since(before) == ["SI-103 sam sam"]
