"""manage.py demo: load the demo company; manage.py demo token NAME: a fresh access token to watch die."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from audit.events import Events
from audit.initiators import the_shell
from audit.record import Target, record
from portal.demo.company import AlreadyLoaded, begin_session, load_company
from portal.demo.issuer import ISS, mint
from portal.demo.people import CAST
from sessions_app.models import Issuer, Session, User


class Command(BaseCommand):
    help = (
        "Without arguments: loads the demo company into an empty installation. "
        "`demo token NAME`: prints a fresh access token of a demo person on the last line."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", nargs="?", choices=["load", "token"], default="load")
        parser.add_argument("name", nargs="?", help=_("user name of a demo person, for `token`"))
        parser.add_argument("--new-session", action="store_true", help=_("let the person sign in anew first"))

    def handle(self, *args: Any, what: str, name: str | None, new_session: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(_("This is not a demo (DEMO is off), so nothing was done."), returncode=2)
        if what == "load":
            self._load()
        elif name:
            self._token(name, "new" if new_session else "newest")
        else:
            raise CommandError(_("Name the demo person, for example: demo token ines"), returncode=2)

    def _load(self) -> None:
        try:
            count = load_company()
        except AlreadyLoaded as error:
            raise CommandError(
                _("There are people here already. `make reset` starts over."), returncode=2
            ) from error
        self.stdout.write(_("Northwind is loaded: %d people.") % count)

    def _token(self, name: str, which: str) -> None:
        user = User.objects.filter(username=name).first()
        issuer = Issuer.objects.filter(iss=ISS).select_related("realm").first()
        if user is None or issuer is None:
            raise CommandError(_("Nobody called %s works at the demo company.") % name, returncode=2)
        session = _newest_session(user, issuer) if which == "newest" else None
        token = mint(session or _signed_in_anew(user, issuer))
        self.stderr.write(
            _("An access token of %s, good for an hour unless their access ends:") % user.display_name
        )
        self.stdout.write(token)


def _signed_in_anew(user: User, issuer: Issuer) -> Session:
    """As if the issuer had reported it: a sign-in of this moment, which no cutoff of before ends."""
    with transaction.atomic():
        session = begin_session(user, issuer, replace(CAST[0].sessions[0], began=0, used=0))
        record(
            Events.SESSION_REPORTED,
            initiator=the_shell(),
            target=Target.of(user, label=user.display_name),
            details={"session": str(session.pk), "realm": issuer.realm.key, "already_over": False},
        )
    return session


def _newest_session(user: User, issuer: Issuer) -> Session | None:
    """The session the person used last at the issuer, ended or not: an issuer that never asked would not know."""
    return Session.objects.of(user).filter(issuer=issuer, sid__isnull=False).order_by("-last_used_at").first()
