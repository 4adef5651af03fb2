"""The demo company's tokens: what ended stays dead, and a new sign-in works."""

from __future__ import annotations

import io
import time

import pytest
from django.core.management import call_command
from django.utils import timezone

from audit.initiators import the_shell
from portal.demo.company import load_company
from sessions_app.blacklist.verdict import Outcome
from sessions_app.models import User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.scheduled.clock import Clock
from tests.factories import verdict_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_gate", "in_demo")]


def demo_token(*asked: str) -> str:
    out = io.StringIO()
    call_command("demo", "token", *asked, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip().splitlines()[-1]


def test_after_an_end_without_a_block_the_old_session_stays_dead_and_a_new_one_is_let_in():
    load_company()
    revoke(
        Order(
            initiator=the_shell(),
            reason=Reason.USER_REQUEST,
            scope=OneUser(user_id=User.objects.get(username="ines").pk),
            received_at=timezone.now(),
        )
    )
    Clock().beat()  # loading took longer than a marker is believed
    time.sleep(1.01 - time.time() % 1)  # tokens give the start in whole seconds

    assert verdict_on(demo_token("ines")).outcome == Outcome.REVOKED
    assert verdict_on(demo_token("ines", "--new-session")).outcome == Outcome.ALLOWED
