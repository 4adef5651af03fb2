"""manage.py revoke: end the access of a person, of many people, of sessions or of a token."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.initiators import Initiator
from sessions_app.changes.errors import ChangeRefused
from sessions_app.changes.naming import (
    PersonNaming,
    Place,
    find_application,
    find_person,
    find_person_by_any_name,
    find_session,
    find_token,
)
from sessions_app.management.shell_command import BadInput, ExitCode, Result, ShellCommand
from sessions_app.models import Revocation, User
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import answers_another, revoke
from sessions_app.revocation.orders import (
    Everyone,
    OneEntitlement,
    OneGroup,
    OneSession,
    OneToken,
    OneUser,
    OneUserAtApplication,
    Order,
    Scope,
    SeveralPeople,
    SomeSessions,
)

MOST_SESSIONS = 1000
MOST_LINES = 10_000


class Command(ShellCommand):
    help = (
        "Ends access: of a whole person (--user, or --issuer with --subject), of a person at one application (--user "
        "with --application), of one session or several (--session, repeated), of one token (--token), or of many "
        "people: a group (--group), whoever has an entitlement (--entitlement), the people named in a file (--users) "
        "or everyone (--everyone). An id that fits more than one is refused; --issuer says which is meant. Whoever "
        "runs this runs the server, so no second person is asked for, however many it reaches; the trail names who did."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        subject = parser.add_mutually_exclusive_group()
        subject.add_argument(
            "--user", metavar="NAME", help=_("user name, e-mail, external id or employee number")
        )
        subject.add_argument(
            "--session",
            metavar="SID",
            action="append",
            default=[],
            help=_("the session id the issuer gave; repeated, exactly these sessions end, as one order"),
        )
        subject.add_argument(
            "--token", metavar="ID", help=_("the token's identifier, never the token itself")
        )
        subject.add_argument("--group", metavar="NAME", help=_("everybody in this group"))
        subject.add_argument(
            "--entitlement", metavar="APP:NAME", help=_("everybody who is this in the application")
        )
        subject.add_argument(
            "--users",
            metavar="FILE",
            help=_("the people named in this file, one a line, as --user names them"),
        )
        subject.add_argument(
            "--everyone", action="store_true", help=_("everybody; asks first, unless --yes is given")
        )
        parser.add_argument("--yes", action="store_true", help=_("do not ask whether everyone is meant"))
        parser.add_argument(
            "--application",
            metavar="KEY",
            default="",
            help=_("with --user: their sessions at this application only"),
        )
        parser.add_argument(
            "--issuer", metavar="ISS", default="", help=_("the issuer in which the id is valid")
        )
        parser.add_argument("--subject", metavar="ID", default="", help=_("the person's id at that issuer"))
        parser.add_argument("--reason", required=True, choices=Reason.values, help=_("why, as one code"))
        parser.add_argument("--note", metavar="TEXT", default="", help=_("more about it; needed for “other”"))
        parser.add_argument("--ticket", metavar="REF", default="", help=_("reference of a ticket"))

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        if len(options["ticket"]) > 100:
            raise BadInput(_("A ticket reference has at most 100 characters."))
        order = Order(
            initiator=by,
            reason=Reason(options["reason"]),
            scope=_scope(options),
            received_at=database_now(),
            note=options["note"].strip(),
            ticket=options["ticket"].strip(),
        )
        revocation = revoke(order)
        return _told(revocation, is_repeat=bool(answers_another(revocation, order)))


def _scope(options: dict[str, Any]) -> Scope:
    place = Place(issuer=options["issuer"])
    if options["application"] and not (options["user"] or options["subject"]):
        raise BadInput(_("--application belongs to --user, or to --issuer with --subject."))
    if options["subject"] and not (options["issuer"] and not (options["session"] or options["token"])):
        raise BadInput(
            _("--subject names a person together with --issuer, and with neither --session nor --token.")
        )
    if options["session"]:
        return _sessions(options["session"], place)
    if options["token"]:
        return OneToken(token_id=find_token(options["token"], place).pk)
    if many := _many(options):
        return many
    user_id = _person(options, place)
    if options["application"]:
        application = find_application(options["application"])
        return OneUserAtApplication(user_id=user_id, application_id=application.pk)
    return OneUser(user_id=user_id)


def _many(options: dict[str, Any]) -> Scope | None:
    """What names many people, if anything does."""
    if options["group"]:
        return OneGroup(name=options["group"])
    if options["entitlement"]:
        application, _colon, name = options["entitlement"].partition(":")
        return OneEntitlement(application_key=application, name=name)
    if options["users"]:
        return SeveralPeople.of(_people_in(Path(options["users"])))
    if options["everyone"]:
        _make_sure(is_sure=options["yes"])
        return Everyone()
    return None


def _people_in(path: Path) -> list[UUID]:
    """All of them or none. Empty lines, and lines that begin with #, name nobody."""
    try:
        with path.open(encoding="utf-8") as file:
            names = [line.strip() for line in islice(file, MOST_LINES + 1)]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(_("The file could not be read: %s") % error) from error
    if len(names) > MOST_LINES:
        raise BadInput(_("At most %d people are named in one file.") % MOST_LINES)
    found = []
    for number, name in enumerate(names, start=1):
        if not name or name.startswith("#"):
            continue
        try:
            found.append(find_person_by_any_name(name).pk)
        except ChangeRefused as refusal:
            raise BadInput(
                _("Line %(number)d: %(why)s Nobody's access was ended.") % {"number": number, "why": refusal}
            ) from refusal
    return found


def _make_sure(*, is_sure: bool) -> None:
    """Raises BadInput unless whoever types means it."""
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise BadInput(_("--everyone signs everybody out. Add --yes where nobody can be asked."))
    typed = input(
        _("This signs %d people out, you included. Type everyone to confirm: ") % User.objects.count()
    )
    if typed.strip() != "everyone":
        raise BadInput(_("Not confirmed. Nobody's access was ended."))


def _sessions(sids: list[str], place: Place) -> Scope:
    """All of them or none: one that is not found leaves the others open."""
    if len(sids) > MOST_SESSIONS:
        raise BadInput(_("At most %d sessions end as one order.") % MOST_SESSIONS)
    found = SomeSessions.of(find_session(sid, place).pk for sid in sids)
    return OneSession(session_id=found.session_ids[0]) if len(found.session_ids) == 1 else found


def _person(options: dict[str, Any], place: Place) -> Any:
    named = find_person_by_any_name(options["user"]) if options["user"] else None
    if options["subject"]:
        identified = find_person(PersonNaming(subject=options["subject"], place=place))
        if named is not None and named != identified:
            raise BadInput(_("--user and --subject name two different people."))
        return identified.pk
    if named is None:
        raise BadInput(
            _(
                "Say whose access ends: --user, --session, --token, --group, --entitlement, --users, --everyone, or "
                "--issuer with --subject."
            )
        )
    return named.pk


def _named(revocation: Revocation) -> str:
    """Whom it is about: by name, or counted where an order names many at once."""
    if not revocation.is_of_many:
        return ", ".join(person.username for person in revocation.people)
    left_out = revocation.targets.exclude(left_out="").count()
    people = revocation.targets.count() - left_out
    said = ngettext("%d person", "%d people", people) % people
    return said + " " + _("(%d left out)") % left_out if left_out else said


def _told(revocation: Revocation, *, is_repeat: bool) -> Result:
    """Never more than was proved."""
    is_cut_off = revocation.cut_off_at is not None
    named = _named(revocation)
    sentence = ngettext(
        "%(receipt)s: %(person)s, %(sessions)d session ended, %(state)s.",
        "%(receipt)s: %(person)s, %(sessions)d sessions ended, %(state)s.",
        revocation.sessions_ended,
    )
    what = sentence % {
        "receipt": revocation.receipt,
        "person": named,
        "sessions": revocation.sessions_ended,
        "state": _("cut off")
        if is_cut_off
        else _("decided, NOT YET CUT OFF: the clock repeats it every second it runs"),
    }
    facts = {
        "receipt": revocation.receipt,
        "person": named,
        "scope": revocation.scope,
        "people": revocation.targets.filter(left_out="").count(),
        "left_out": revocation.targets.exclude(left_out="").count(),
        "reason": revocation.reason,
        "sessions_ended": revocation.sessions_ended,
        "already_done": is_repeat,
        "decided_at": revocation.decided_at.isoformat(),
        "cut_off_at": revocation.cut_off_at.isoformat() if revocation.cut_off_at else None,
    }
    already = " " + _("An earlier order had already done this.") if is_repeat else ""
    return Result(
        line=what + already, facts=facts, exit_code=ExitCode.DONE if is_cut_off else ExitCode.NOT_CUT_OFF
    )
