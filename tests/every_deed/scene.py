"""The stage of every deed: the whole cast, and browsers and machines for whoever acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.signing import current_fingerprint
from audit.verification import begin
from portal.portal_sessions import prepare_own_places
from sessions_app.changes.approved_deeds import ask_to_terminate
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.models import Approval, Role, Session, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.every_deed.deeds import newest_entry
from tests.factories import a_grant, a_person, a_project, an_enforcement_point, initiator_of, open_session
from tests.portal.endings.scenes import phoenix_of
from tests.portal.signed_in import browser_of
from tests.sessions_app.doors.machines import Machine

CAST = ("hana", "ivan", "sam", "paula", "aude", "ada", "otto", "ines", "carlos", "chen")


@dataclass
class Scene:
    """Everybody, and one session of Ines."""

    request: pytest.FixtureRequest
    people: dict[str, User]
    _browsers: dict[str, Client] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        if name in CAST:
            return self.people[name]
        raise AttributeError(name)

    def browser(self, name: str) -> Client:
        """Signed in as this person before the act begins, and the same at every call."""
        if name == "machine":
            return Client(headers={"Authorization": f"Bearer {self.machine.secret}"})
        if name not in self._browsers:
            self._browsers[name] = browser_of(self.people[name])
        return self._browsers[name]

    def post(self, name: str, address: str, form: dict[str, Any] | None = None) -> Any:
        """The act of sending this form, with the signing in done beforehand."""
        browser = self.browser(name)
        return lambda: browser.post(address, form or {})

    def get(self, name: str, address: str) -> Any:
        browser = self.browser(name)
        return lambda: browser.get(address)

    @cached_property
    def session(self) -> Session:
        return open_session(self.people["ines"])

    @property
    def session_id(self) -> Any:
        return self.session.pk

    @cached_property
    def receipt_id(self) -> str:
        """Of a revocation that Sam ordered."""
        return revoke(an_order(self)).receipt

    def approval_by(self, name: str) -> Approval:
        """What this person wants done to Ada, who is not the last Admin; asked once, however often it is looked for."""
        found = Approval.objects.filter(asked_by=self.people[name]).first()
        if found is None:
            a_grant(a_person("alma"), Role.ADMIN)
        return found or ask_to_terminate(self.ada, an_order(self, whom=self.ada, by=name), by=self.by(name))

    @property
    def approval_id(self) -> Any:
        return self.approval_by("hana").pk

    @cached_property
    def project_id(self) -> str:
        """The key of a project that Paula manages."""
        return a_project("apollo", ends_at=timezone.now() + timedelta(days=9), manager=self.paula).key

    @cached_property
    def verification_id(self) -> Any:
        """A check of the trail that Aude began."""
        return begin(asked_by=self.by("aude"), fingerprint="").pk

    @cached_property
    def ending_id(self) -> Any:
        """Of the project Phoenix, that Paula ended."""
        wish = EndingWish(received_at=database_now())
        return end_project(phoenix_of(self.people["paula"]), wish, by=self.by("paula")).pk

    @property
    def entry_id(self) -> int:
        return newest_entry()

    @property
    def point_id(self) -> int:
        return int(an_enforcement_point().pk)

    @cached_property
    def machine(self) -> Machine:
        """A program with every scope."""
        return Machine()

    @cached_property
    def export_id(self) -> str:
        """Of an export that the machine asked for."""
        return str(self.machine.post("/audit/exports", {"format": "csv"}).json()["id"])

    def by(self, name: str) -> Any:
        return initiator_of(self.people[name])

    def fixture(self, name: str) -> Any:
        return self.request.getfixturevalue(name)


@pytest.fixture
def scene(request: pytest.FixtureRequest, open_gate: object, in_demo: None) -> Scene:
    """Our own issuers, the portal as an application and the trail's key are there, as after any start."""
    prepare_own_places()
    current_fingerprint()
    people = {name: request.getfixturevalue(name) for name in CAST}
    return Scene(request=request, people=people)


def an_order(
    scene: Scene, reason: Reason = Reason.OFFBOARDING, *, whom: User | None = None, by: str = "sam"
) -> Order:
    """Sam ends the access of Ines, unless others are named."""
    return Order(
        initiator=scene.by(by),
        reason=reason,
        scope=OneUser(user_id=(whom or scene.ines).pk),
        received_at=database_now(),
    )


def status_of(answer: HttpResponse | Any) -> int:
    """Of a page, whose download is read to its end and so let go of, or the exit code of a command.

    Not by `close()`: that ends the request, and with it the connection whose transaction the test is.
    """
    if getattr(answer, "streaming", False):
        answer.getvalue()
    return int(answer.status_code if hasattr(answer, "status_code") else answer.code)
