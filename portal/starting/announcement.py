"""What `up` says once everything answers."""

from collections.abc import Iterator, Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from portal import environment
from portal.demo import sign_ins
from portal.starting import preparation

TOKEN_COMMAND = ".venv/bin/python manage.py demo token ines"  # noqa: S105 - a command, not a token
FIRST_ADMIN_COMMAND = (
    '.venv/bin/python manage.py grant_role NAME admin --create --email E-MAIL --reason "first Admin"'
)


def lines(
    address: str, sample_ports: tuple[int, int], seconds: float, not_ready: Sequence[str]
) -> Iterator[str]:
    """Where Curfew answers, who can sign in, what to try first."""
    yield ""
    yield _("Curfew answers at %(address)s (%(took).1f s).") % {"address": address, "took": seconds}
    if environment.text("BASE_URL"):
        yield _("Links in it say %s, as BASE_URL does.") % settings.BASE_URL
    if not_ready:
        yield _("Not ready yet: %s. `make logs` shows why.") % ", ".join(not_ready)
    if settings.DEMO:
        yield from demo_lines(*sample_ports)
    elif preparation.is_first_start():
        yield ""
        yield _("Nobody can sign in yet. In another terminal, make the first Admin:")
        yield f"  {FIRST_ADMIN_COMMAND}"
    preparation.let_go_of_database()
    yield ""
    yield _("Ctrl-C stops everything and keeps the data. `make logs` in another terminal follows the logs.")


def demo_lines(sample_port: int, dashboard_port: int) -> Iterator[str]:
    """The people who can sign in, and the protected services to see their access end at."""
    yield ""
    yield _("Demo company. Sign in as:")
    for who in sign_ins():
        yield f"  {who.username:<10} {who.password:<24} {who.name}, {who.role}"
    yield ""
    yield _("A service protected by Curfew, to see access end (in another terminal):")
    yield f"  TOKEN=$({TOKEN_COMMAND} | tail -n 1)"
    yield f'  curl -i -H "Authorization: Bearer $TOKEN" http://localhost:{sample_port}/'
    yield _("An application that signs people in with Curfew, to see them out at the next click:")
    yield f"  http://127.0.0.1:{dashboard_port}/"
