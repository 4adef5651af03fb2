"""manage.py end_project: end a contractor project now or at a moment, or show what that would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.initiators import Initiator
from sessions_app.changes.end_project import EndingWish, end_project
from sessions_app.changes.project_preview import preview_of
from sessions_app.management.shell_command import BadInput, ExitCode, Result, ShellCommand
from sessions_app.models import Project, ProjectEnding
from sessions_app.models.moments import database_now


class Command(ShellCommand):
    help = (
        "Ends a contractor project: every session of everybody on it, the project's groups, and what it gave outside "
        "becomes tasks. Now, or with --at at a moment. With --dry-run nothing ends and the numbers are printed. "
        "Whoever runs this runs the server, so no second person is asked for, however many it reaches."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("key", metavar="KEY", help=_("key of the project"))
        parser.add_argument("--note", metavar="TEXT", default="", help=_("more about why"))
        parser.add_argument("--ticket", metavar="REF", default="", help=_("reference of a ticket"))
        parser.add_argument(
            "--at", metavar="ISO", default="", help=_("when, with an offset: 2026-11-30T18:00:00+01:00")
        )
        parser.add_argument("--dry-run", action="store_true", help=_("only count what would end"))

    def carry_out(self, by: Initiator, **options: Any) -> Result:
        project = Project.objects.filter(key=options["key"]).first()
        if project is None:
            raise BadInput(_("No project of this key is known here."))
        due_at = _moment(options["at"])
        if options["dry_run"]:
            return _counted(project, by=by)
        wish = EndingWish(
            received_at=database_now(),
            due_at=due_at,
            note=options["note"].strip(),
            ticket=options["ticket"].strip(),
        )
        ending = end_project(project, wish, by=by)
        return _told(ending, is_repeat=ending.asked_at != wish.received_at)


def _moment(text: str) -> datetime | None:
    """None for now. A moment without an offset could be anybody's evening, so it is refused."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(_("--at is no moment: write 2026-11-30T18:00:00+01:00.")) from error
    if at.tzinfo is None:
        raise BadInput(_("--at needs an offset, such as +01:00 or Z."))
    return at


def _counted(project: Project, *, by: Initiator) -> Result:
    preview = preview_of(project, by=by)
    facts = {
        "project": project.key,
        "dry_run": True,
        "people": len(preview.people),
        "sessions": preview.sessions,
        "refresh_families": preview.families,
        "keep_another_project": len(preview.keeps),
        "lose_sign_in": len(preview.blocked),
        "left_out": len(preview.left_out),
        "removals_outside": sum(preview.resources.values()),
        "fingerprint": preview.fingerprint,
    }
    line = _(
        "%(project)s: would end %(sessions)d sessions of %(people)d people (%(refresh_families)d refreshed); "
        "%(lose_sign_in)d lose sign-in, %(keep_another_project)d go on elsewhere, %(left_out)d left out, "
        "%(removals_outside)d removals outside. Nothing was ended."
    )
    return Result(line=line % facts, facts=facts)


def _told(ending: ProjectEnding, *, is_repeat: bool) -> Result:
    """Never more than was proved."""
    revocation = ending.revocation
    facts = {
        "ending": str(ending.pk),
        "project": ending.project.key,
        "state": ending.state,
        "receipt": revocation.receipt if revocation else None,
        "sessions_ended": revocation.sessions_ended if revocation else 0,
        "due_at": ending.due_at.isoformat(),
        "cut_off_at": revocation.cut_off_at.isoformat() if revocation and revocation.cut_off_at else None,
        "already_done": is_repeat,
    }
    is_cut_off = revocation is not None and revocation.cut_off_at is not None
    is_pending = revocation is not None and not is_cut_off
    already = " " + _("An earlier order had already done this.") if is_repeat else ""
    return Result(
        line=_line(ending, is_cut_off=is_cut_off) + already,
        facts=facts,
        exit_code=ExitCode.NOT_CUT_OFF if is_pending else ExitCode.DONE,
    )


def _line(ending: ProjectEnding, *, is_cut_off: bool) -> str:
    revocation = ending.revocation
    if revocation is None:
        return _("%(project)s: %(state)s, due at %(due)s.") % {
            "project": ending.project.key,
            "state": ending.get_state_display(),
            "due": ending.due_at.isoformat(),
        }
    sentence = ngettext(
        "%(receipt)s: %(project)s, %(sessions)d session ended, %(state)s.",
        "%(receipt)s: %(project)s, %(sessions)d sessions ended, %(state)s.",
        revocation.sessions_ended,
    )
    waiting = _("decided, NOT YET CUT OFF: the clock repeats it every second it runs")
    return sentence % {
        "receipt": revocation.receipt,
        "project": ending.project.key,
        "sessions": revocation.sessions_ended,
        "state": _("cut off") if is_cut_off else waiting,
    }
