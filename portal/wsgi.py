"""What the web server runs: /verdict and introspection first, Django behind them."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django_application = get_wsgi_application()

from portal.hot_path import HotPath, points_from_sql  # noqa: E402  # models need Django set up first
from portal.hot_path.callers import Callers, callers_from_sql  # noqa: E402
from portal.hot_path.introspection import Introspection  # noqa: E402
from portal.hot_path.truths import BoundedTruth  # noqa: E402
from portal.hot_path.unproved import InBackground, keep_attempt  # noqa: E402
from portal.hot_path.verdicts import Verdicts  # noqa: E402
from sessions_app.revocation.server_check import fatal_problems  # noqa: E402
from sessions_app.sightings.flushing import note_observation  # noqa: E402
from sessions_app.tokens.kept import Kept  # noqa: E402
from sessions_app.tokens.profiles import token_guard  # noqa: E402

if wrong := fatal_problems():
    raise ImproperlyConfigured(" ".join(wrong))

application = HotPath(
    django_application,
    Verdicts(token_guard, Kept("enforcement points", lambda _old: points_from_sql()), note_observation),
    Introspection(
        token_guard,
        Callers(Kept("callers", lambda _old: callers_from_sql()), InBackground(keep_attempt)),
        BoundedTruth(),
        note_observation,
    ),
)
