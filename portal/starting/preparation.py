"""What `up` makes ready before anything is started: tables, cache table, static files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.utils.translation import gettext as _

from audit.events import Events
from audit.models import AuditEntry
from audit.signing import current_fingerprint
from portal.portal_sessions import prepare_own_places
from sessions_app.models import User


class DatabaseUnreachable(Exception):
    """No connection. The message is the database's own, which names the host and never the password."""


class DemoCompanyThere(Exception):
    """The database holds the demo company, and this is no demo."""


def prepare_database() -> None:
    """Bring the tables up to date. Idempotent; quick where nothing changed.

    Raises DatabaseUnreachable, or DemoCompanyThere.
    """
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise DatabaseUnreachable(_("The database does not answer: %s") % error) from error
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    refuse_demo_company()
    prepare_own_places()
    current_fingerprint()  # makes the trail's signing key, before two processes could both want to


def refuse_demo_company() -> None:
    """An Admin whose pass phrase was printed, and an issuer whose private key lies here, serve nobody real.

    Raises DemoCompanyThere unless this is a demo.
    """
    if not settings.DEMO and AuditEntry.objects.of_events(Events.DEMO_LOADED.code).exists():
        raise DemoCompanyThere(
            _("This database holds the demo company, and DEMO is off. Use another DATA_DIR or DATABASE_URL.")
        )


def is_first_start() -> bool:
    """Whether nobody is known here yet."""
    return not User.objects.exists()


def let_go_of_database() -> None:
    """The supervisor lives for days and needs no connection of its own."""
    connections.close_all()


def collect_static_files() -> None:
    """Copy and compress the static files, only when one of them changed since the last time."""
    if settings.DEBUG:
        return  # served from where they lie
    known = Path(settings.DATA_DIR) / "staticfiles.fingerprint"
    current = static_fingerprint()
    if known.exists() and known.read_text(encoding="ascii") == current:
        return
    known.unlink(missing_ok=True)  # an interrupted copy starts again
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    known.write_text(current, encoding="ascii")


def static_fingerprint() -> str:
    """One value that changes when a static file is added, removed or edited, here or in a package."""
    lines = sorted(f"{name}|{size}|{changed}" for name, size, changed in static_files())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def static_files() -> Iterator[tuple[str, int, int]]:
    """Path, size and time of change of every file that would be collected."""
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            yield path, found.st_size, found.st_mtime_ns
