"""Who tried to introspect without proving who they are: an entry, which nobody waited for."""

from __future__ import annotations

from threading import Event
from urllib.parse import urlencode

import pytest
from django.core.cache import cache

from audit.models import AuditEntry, AuditSubject
from portal.hot_path import HotPath
from portal.hot_path.unproved import WAITING_AT_MOST, InBackground
from sessions_app.models import MachineCredential, Scope
from tests.factories import a_credential
from tests.oauth_client import an_app, basic
from tests.portal.hot_path.wired import a_hot_path, answer_of, form_of


def attempt(hot_path: HotPath, authorization: str, **environ: str) -> int:
    body = urlencode({"token": "x"}).encode()
    return answer_of(hot_path, form_of(body, HTTP_AUTHORIZATION=authorization, **environ))[0]


@pytest.mark.django_db
@pytest.mark.usefixtures("open_gate", "issuer")
class TestEntries:
    @pytest.fixture(autouse=True)
    def _nobody_was_seen_before(self) -> None:
        cache.clear()

    def test_guessing_a_credential_is_one_entry_that_says_which_and_nothing_of_what_was_sent(self):
        secret, hot_path = a_credential(Scope.TOKENS_INTROSPECT), a_hot_path([])
        prefix = MachineCredential.objects.get().prefix

        answers = {attempt(hot_path, f"Bearer {prefix}_guess") for _ in range(25)}

        entry = AuditEntry.objects.get(event_code="AC-401F")
        assert answers == {401, 429}
        assert (entry.target_kind, entry.target_id, entry.door) == ("machine_credential", prefix, "oauth")
        assert not AuditSubject.objects.filter(value__contains="guess").exists()
        assert secret not in str(list(AuditEntry.objects.values()))

    def test_a_client_with_a_wrong_secret_and_nobody_we_know_are_entries_too(self):
        an_app()
        hot_path = a_hot_path([])

        attempt(hot_path, basic("dashboard", "wrong"))
        attempt(hot_path, basic("nobody\x00", "wrong"))

        targets = AuditEntry.objects.filter(event_code="AC-401F").order_by("id").values_list("target_id")
        assert list(targets) == [("dashboard",), ("",)]

    def test_whoever_proves_themselves_is_none(self):
        secret = a_credential(Scope.TOKENS_INTROSPECT)

        assert attempt(a_hot_path([]), f"Bearer {secret}") == 200
        assert not AuditEntry.objects.filter(event_code="AC-401F").exists()


@pytest.mark.django_db(transaction=True)
def test_a_flood_waits_for_nothing_and_is_not_kept_whole():
    kept: list[str] = []
    open_gate = Event()

    def slowly(name: str, address: str | None) -> None:
        open_gate.wait(10)
        kept.append(name)

    note = InBackground(slowly)
    for number in range(WAITING_AT_MOST * 3):
        note(str(number), None)
    before = list(kept)
    open_gate.set()
    note.finish()

    assert before == []
    assert kept == [str(number) for number in range(WAITING_AT_MOST)]
