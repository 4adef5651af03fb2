"""A month in which one left in time, one late, one was never cut, and one was cut and never left."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from audit.models import LeaverList
from sessions_app.models import User
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from tests.factories import initiator_of

NOBODY = "employee_number=N-99999"


def today() -> date:
    return timezone.now().astimezone(UTC).date()


def days_ago(count: int) -> date:
    return today() - timedelta(days=count)


def left(person: User, by: User, *, received_at: datetime | None = None):
    return revoke(
        Order(
            initiator=initiator_of(by),
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=person.pk),
            received_at=received_at or timezone.now(),
        )
    )


def hr_says(*rows: tuple[str, str, date]) -> str:
    lines = [f"{number},{name},{day.isoformat()}" for number, name, day in rows]
    return "\n".join(["employee_number,name,left_on", *lines, ""])


def bring_in(browser: Client, csv: str, **typed):
    """Upload the list as the form does."""
    form = {
        "file": SimpleUploadedFile("leavers.csv", csv.encode()),
        "source": "Workday",
        "query": "Leavers, all countries",
        "first_day": days_ago(30).isoformat(),
        "last_day": today().isoformat(),
        "allowed_hours": "24",
        **typed,
    }
    return browser.post("/audit/evidence/", form)


def a_list(browser: Client, csv: str, **typed) -> LeaverList:
    assert bring_in(browser, csv, **typed).status_code == 303
    return LeaverList.objects.latest("pk")
