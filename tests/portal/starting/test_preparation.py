"""What `up` makes ready, and what it refuses to start with."""

from __future__ import annotations

import pytest
from django.db import transaction
from pytest_django import Settings

from audit.events import Events
from audit.initiators import the_shell
from audit.record import record
from portal.starting.preparation import DemoCompanyThere, refuse_demo_company

pytestmark = pytest.mark.django_db


def test_the_demo_company_is_never_served_as_a_real_installation(settings: Settings):
    settings.DEMO = False
    refuse_demo_company()
    with transaction.atomic():
        record(Events.DEMO_LOADED, initiator=the_shell())

    with pytest.raises(DemoCompanyThere):
        refuse_demo_company()


def test_a_demo_starts_again_with_its_company(settings: Settings):
    settings.DEMO = True
    with transaction.atomic():
        record(Events.DEMO_LOADED, initiator=the_shell())

    refuse_demo_company()
