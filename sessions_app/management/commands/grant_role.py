"""manage.py grant_role: give somebody a role; also how the first Admin comes in."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from audit.initiators import Initiator
from sessions_app.changes.errors import PersonUnknown
from sessions_app.changes.naming import find_person_by_any_name
from sessions_app.changes.newcomers import add_person
from sessions_app.changes.roles import EVERYBODY, EntriesPeriod, Population, grant_role
from sessions_app.management.passwords import ask_password
from sessions_app.management.shell_command import BadInput, Result, ShellCommand
from sessions_app.models import Role, RoleGrant, User
from sessions_app.models.roles import PopulationKind


class Command(ShellCommand):
    help = (
        "Gives a person a role inside Curfew. With --create the person is added first and gets a password; "
        "this is how the first Admin comes in. A second factor is set up at the first sign-in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "name", metavar="NAME", help=_("user name, e-mail, external id or employee number")
        )
        parser.add_argument("role", metavar="ROLE", type=_role, help=", ".join(Role.values))
        parser.add_argument(
            "--reason", required=True, metavar="TEXT", help=_("why, in at least 3 characters")
        )
        parser.add_argument("--population", metavar="KIND=VALUE", default="", help=_("such as country=DE"))
        parser.add_argument("--until", metavar="DATE", type=_day, help=_("last day, such as 2026-12-31"))
        for edge, words in (
            ("from", _("for an auditor from outside: first day of the trail the role opens")),
            ("until", _("its last day; the role then opens nothing else, and needs --until")),
        ):
            parser.add_argument(f"--entries-{edge}", metavar="DATE", type=_day, help=words)
        parser.add_argument(
            "--create", action="store_true", help=_("add the person where nobody has this user name")
        )
        parser.add_argument("--email", default="", help=_("for --create"))
        parser.add_argument("--display-name", default="", help=_("for --create"))
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help=_("for --create: read the password from standard input"),
        )

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        population = _population(options["population"])
        if options["password_stdin"] and not options["create"]:
            raise BadInput(
                _("--password-stdin is for --create. `manage.py changepassword` changes a password.")
            )
        try:
            return _granted(find_person_by_any_name(options["name"]), population, options, by=by)
        except PersonUnknown:
            if not options["create"]:
                raise
        password = ask_password(from_stdin=options["password_stdin"])
        with transaction.atomic():
            # Together, so that no person without a role stays behind when the role is refused.
            user = add_person(
                username=options["name"],
                display_name=options["display_name"],
                email=options["email"],
                password=password,
                by=by,
            )
            return _granted(user, population, options, by=by)


def _granted(user: User, population: Population, options: dict[str, Any], *, by: Initiator) -> Result:
    grant = grant_role(
        user,
        options["role"],
        by=by,
        reason=options["reason"],
        population=population,
        expires_at=_end_of(options["until"]),
        period=EntriesPeriod(
            since=_start_of(options["entries_from"]), until=_end_of(options["entries_until"])
        ),
    )
    return _told(user, grant)


def _role(text: str) -> Role:
    try:
        return Role(text.lower().replace("-", "_").replace(" ", "_"))
    except ValueError as error:
        raise ArgumentTypeError(_("one of: %s") % ", ".join(Role.values)) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(_("write it as 2026-12-31")) from error


def _population(text: str) -> Population:
    if not text:
        return EVERYBODY
    kind, _separator, value = text.partition("=")
    if kind not in PopulationKind.values:
        raise BadInput(_("Kinds of population: %s.") % ", ".join(PopulationKind.values))
    return Population(kind=PopulationKind(kind), value=value)


def _end_of(day: date | None) -> datetime | None:
    """The role counts on its last day too, until midnight UTC."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=UTC) if day else None


def _start_of(day: date | None) -> datetime | None:
    return datetime.combine(day, datetime.min.time(), tzinfo=UTC) if day else None


def _told(user: User, grant: RoleGrant) -> Result:
    role = Role(grant.role)
    line = _("%(person)s has the role %(role)s now.") % {"person": user.username, "role": role.label}
    if not user.has_usable_password():
        line += " " + _("They have no password yet: `manage.py changepassword %s` gives one.") % user.username
    facts = {
        "person": user.username,
        "role": role.value,
        "population_kind": str(grant.population_kind),
        "population": grant.population_value,
        "until": grant.expires_at.isoformat() if grant.expires_at else None,
        "entries_from": grant.entries_from.isoformat() if grant.entries_from else None,
        "entries_until": grant.entries_until.isoformat() if grant.entries_until else None,
    }
    return Result(line=line, facts=facts)
