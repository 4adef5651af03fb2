"""django-oauth-toolkit's own introspection, as it comes, for measuring beside ours: an application of its own."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import path
from django.utils import timezone

from tests.bench.peer_address import CALLER, CLIENT, GOOD, PATH, SECRET

if not settings.configured:
    settings.configure(
        SECRET_KEY="bench" * 10,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": Path(os.environ["DATA_DIR"]) / "peer.sqlite3",
                "CONN_MAX_AGE": None,
            }
        },
        OAUTH2_PROVIDER={"SCOPES": {"read": "", "introspection": ""}},
        LOGGING_CONFIG=None,
    )
    django.setup()

from django.contrib.auth.models import User  # models need Django set up first
from oauth2_provider.models import AccessToken, Application
from oauth2_provider.views import IntrospectTokenView

urlpatterns = [path(PATH[1:], IntrospectTokenView.as_view())]


def _fill() -> None:
    call_command("migrate", verbosity=0)
    user = User.objects.create(username="ines")
    client = Application.objects.create(
        client_id=CLIENT,
        client_secret=SECRET,
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )
    for token, scope in ((GOOD, "read"), (CALLER, "introspection")):
        AccessToken.objects.create(
            user=user,
            application=client,
            token=token,
            scope=scope,
            expires=timezone.now() + timedelta(days=1),
        )


logging.disable(logging.WARNING)  # it says "Forbidden" to whoever asks whether it is up
_fill()
application = get_wsgi_application()
