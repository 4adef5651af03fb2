"""manage.py revoke: end the access of a person, of sessions or of a token."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.initiators import Initiator
from sessions_app.changes.naming import (
    PersonNaming,
    Place,
    find_person,
    find_person_by_any_name,
    find_session,
    find_token,
)
from sessions_app.management.shell_command import BadInput, ExitCode, Result, ShellCommand
from sessions_app.models import Revocation
from sessions_app.models.moments import database_now
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import answers_another, revoke
from sessions_app.revocation.orders import OneSession, OneToken, OneUser, Order, Scope, SomeSessions

MOST_SESSIONS = 1000


class Command(ShellCommand):
    help = (
        "Ends access: of a whole person (--user, or --issuer with --subject), of one session or several (--session, "
        "repeated) or of one token (--token). An id that fits more than one is refused; --issuer says which is meant."
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
    if options["subject"] and not (options["issuer"] and not (options["session"] or options["token"])):
        raise BadInput(
            _("--subject names a person together with --issuer, and with neither --session nor --token.")
        )
    if options["session"]:
        return _sessions(options["session"], place)
    if options["token"]:
        return OneToken(token_id=find_token(options["token"], place).pk)
    return OneUser(user_id=_person(options, place))


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
        raise BadInput(_("Say whose access ends: --user, --session, --token, or --issuer with --subject."))
    return named.pk


def _told(revocation: Revocation, *, is_repeat: bool) -> Result:
    """Never more than was proved."""
    is_cut_off = revocation.cut_off_at is not None
    named = ", ".join(person.username for person in revocation.people)
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
