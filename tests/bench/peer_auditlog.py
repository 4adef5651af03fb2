"""django-auditlog as it comes, with its own admin list, over the same trail: a process that times its pages."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from datetime import datetime
from typing import Any

import django
import environ
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.urls import path

if not settings.configured:
    settings.configure(
        SECRET_KEY="bench" * 10,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "auditlog",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        DATABASES={"default": environ.Env.db_url_config(os.environ["BENCH_PEER_DATABASE_URL"])},
        STATIC_URL="/static/",
        LOGGING_CONFIG=None,
    )
    django.setup()

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client

from tests.bench.copying import copy_in
from tests.bench.trail_rows import PEOPLE, name_of, row_of

urlpatterns = [path("admin/", admin.site.urls)]
COLUMNS = (
    "timestamp", "content_type_id", "object_pk", "object_id", "object_repr", "action", "changes_text", "changes",
    "actor_id", "actor_email", "cid", "remote_addr", "additional_data",
)  # fmt: skip
ALL_RIGHTS = {"is_staff": True, "is_superuser": True}


def main() -> None:
    """Fill, say that it is ready, then for each address on a line answer its milliseconds and status."""
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    fill(int(sys.argv[1]), until=datetime.fromisoformat(sys.argv[2]))
    browser = Client()
    browser.force_login(User.objects.get(username="u0"))
    print("ready", flush=True)  # noqa: T201  # how it answers
    for line in sys.stdin:
        began = time.perf_counter()
        status = browser.get(line.strip()).status_code
        print((time.perf_counter() - began) * 1000, status, flush=True)  # noqa: T201  # how it answers


def fill(count: int, *, until: datetime) -> None:
    User.objects.bulk_create(
        [
            User(pk=number + 1, username=f"u{number}", first_name=first, last_name=last, **ALL_RIGHTS)
            for number in range(PEOPLE)
            for first, last in [name_of(number).split()]
        ],
        batch_size=1000,
    )
    kind = ContentType.objects.get_for_model(User).pk
    rows = (_entry(number, kind, count, until) for number in range(count))
    with transaction.atomic():
        copy_in("auditlog_logentry", COLUMNS, rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _entry(number: int, kind: int, count: int, until: datetime) -> tuple[Any, ...]:
    row = row_of(number, of=count, until=until)
    said = json.dumps({"event": ["", row.code], "reason": ["", row.reason], "project": ["", row.project]})
    moment = connection.ops.adapt_datetimefield_value(row.moment)
    return (
        moment, kind, str(row.person + 1), row.person + 1, name_of(row.person), 1, "", said, row.actor + 1,
        f"u{row.actor}@example.com", f"r{number // 2:x}", "198.51.100.20", "{}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
