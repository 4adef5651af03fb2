"""A request for a second person in words: what it would do, how much, how long it waits, what changed since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from portal import times
from portal.presenters.approval_people import count_now
from portal.presenters.crowd_members import who_words
from portal.presenters.project_words import in_both
from portal.presenters.selection import people_words
from portal.presenters.words import clean, name_of, sessions_words
from sessions_app.changes.approvals import asker_of
from sessions_app.changes.asked_scopes import scope_of
from sessions_app.changes.project_preview import preview_of
from sessions_app.models import Approval, ApprovalKind, Project
from sessions_app.revocation.coverage import coverage_of
from sessions_app.revocation.orders import Everyone


def title_of(approval: Approval) -> str:
    """The deed, named as its button is."""
    match approval.kind:
        case ApprovalKind.TERMINATE if approval.person is not None:
            return _("End all of %s’s access") % name_of(approval.person)
        case ApprovalKind.END_PROJECT if approval.project is not None:
            return _("End Project %s") % clean(approval.project.name)
        case ApprovalKind.EXTEND_PROJECT if approval.project is not None:
            return _("Extend the project %(name)s until %(end)s") % _moved_end(approval, approval.project)
        case ApprovalKind.SHORTEN_PROJECT if approval.project is not None:
            return _("Bring the end of the project %(name)s forward to %(end)s") % _moved_end(
                approval, approval.project
            )
        case ApprovalKind.TAKE_GROUPS if approval.project is not None:
            return _("Take %(groups)s off the project %(name)s") % {
                "groups": ", ".join(clean(name) for name in approval.request["groups"]),
                "name": clean(approval.project.name),
            }
        case ApprovalKind.END_SESSIONS:
            return _("End %(sessions)s of %(people)s") % {
                "sessions": sessions_words(approval.sessions),
                "people": people_words(approval.people),
            }
        case _:
            return _title_of_many(approval)


def _title_of_many(approval: Approval) -> str:
    scope = scope_of(approval.request)
    if isinstance(scope, Everyone):
        return _("Sign out everyone")
    return _("End the access of %s") % (who_words(scope) or people_words(approval.people))


def _moved_end(approval: Approval, project: Project) -> dict[str, str]:
    ends_at = datetime.fromisoformat(approval.request["ends_at"])
    return {"name": clean(project.name), "end": in_both(ends_at, project.time_zone)}


def numbers_of(approval: Approval) -> str:
    """'31 people, 74 sessions' as it was when it was asked."""
    return _("%(people)s, %(sessions)s") % {
        "people": people_words(approval.people),
        "sessions": sessions_words(approval.sessions),
    }


def left_words(approval: Approval) -> str:
    """'18 min left' as text."""
    seconds = (approval.expires_at - timezone.now()).total_seconds()
    if seconds <= 0:
        return _("time is over")
    return _("%s left") % times.floored_amount(seconds)


# --- What changed since it was asked --------------------------------------------------------------


def _counted(people: int, sessions: int, approval: Approval) -> list[str]:
    changes = []
    if people != approval.people:
        changes.append(
            _("%(now)s now, %(then)s when it was asked.")
            % {"now": people_words(people), "then": people_words(approval.people)}
        )
    if sessions != approval.sessions:
        changes.append(
            _("%(now)s now, %(then)s when it was asked.")
            % {"now": sessions_words(sessions), "then": sessions_words(approval.sessions)}
        )
    return changes


def _since_of_person(approval: Approval) -> list[str]:
    assert approval.person is not None
    changes = _counted(1, coverage_of(approval.person).count, approval)
    latest = approval.person.latest_revocation()
    if latest is not None and latest.decided_at > approval.asked_at:
        changes.append(_("Their access was ended meanwhile, receipt %s.") % latest.receipt)
    if not approval.person.is_privileged:
        changes.append(_("They are no Admin and not in Security any more."))
    return changes


def _since_of_many(approval: Approval) -> list[str]:
    return _counted(*count_now(approval), approval)


def _since_of_project(approval: Approval) -> list[str]:
    assert approval.project is not None
    if approval.project.ended_at is not None:
        return [_("The project has ended meanwhile.")]
    now = preview_of(approval.project, by=asker_of(approval))
    return _counted(len(now.people), now.sessions, approval)


def _since_of_end_date(approval: Approval) -> list[str]:
    assert approval.project is not None
    if approval.project.ended_at is not None:
        return [_("The project has ended meanwhile.")]
    if approval.project.ends_at != datetime.fromisoformat(approval.request["was"]):
        end = in_both(approval.project.ends_at, approval.project.time_zone)
        return [_("Its end was moved meanwhile, to %s.") % end]
    return []


def _since_of_earlier_end(approval: Approval) -> list[str]:
    assert approval.project is not None
    if approval.project.ended_at is not None:
        return _since_of_end_date(approval)
    return [*_since_of_end_date(approval), *_since_of_many(approval)]


def _since_of_groups(approval: Approval) -> list[str]:
    assert approval.project is not None
    if approval.project.ended_at is not None:
        return [_("The project has ended meanwhile.")]
    return _since_of_many(approval)


SINCE: dict[str, Callable[[Approval], list[str]]] = {
    ApprovalKind.TERMINATE: _since_of_person,
    ApprovalKind.END_PEOPLE: _since_of_many,
    ApprovalKind.END_SESSIONS: _since_of_many,
    ApprovalKind.END_PROJECT: _since_of_project,
    ApprovalKind.EXTEND_PROJECT: _since_of_end_date,
    ApprovalKind.SHORTEN_PROJECT: _since_of_earlier_end,
    ApprovalKind.TAKE_GROUPS: _since_of_groups,
}
