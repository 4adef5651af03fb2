"""Who is let in: every view says what it requires, and everything it fetches goes through here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect

from audit.events import Events
from audit.initiators import Initiator
from audit.models import AuditEntry
from audit.record import Target, record
from portal.htmx import HtmxRequest
from portal.roles import WITHIN_A_PERIOD, May, Reach, reach_of, roles_with
from sessions_app.models import (
    Approval,
    Leaving,
    MachineCredential,
    Project,
    Revocation,
    Role,
    Session,
    Step,
    User,
)
from sessions_app.models.approvals import ApprovalQuerySet
from sessions_app.models.leavings import LeavingQuerySet
from sessions_app.models.projects import ProjectQuerySet
from sessions_app.models.reasons import Reason
from sessions_app.models.revocations import RevocationQuerySet
from sessions_app.models.sessions import SessionQuerySet
from sessions_app.models.steps import StepQuerySet
from sessions_app.models.users import UserQuerySet

P = ParamSpec("P")
Row = TypeVar("Row", bound=models.Model)
View = Callable[Concatenate[HtmxRequest, P], HttpResponse]


def may(user: User, what: May) -> bool:
    """Whether this person may do it at all, for anybody. Which people is `people_for`."""
    return user.is_authenticated and reach_of(_counting(user, what), what) > Reach.NO


def _counting(user: User, what: May) -> frozenset[Role]:
    """The roles that count for it: one held for a period of the trail opens nothing but the trail."""
    return user.roles if what in WITHIN_A_PERIOD else user.lasting_roles


def requires(*rights: May) -> Callable[[View[P]], View[P]]:
    """Let a view answer only people with every one of these rights; the first line of every view.

    Somebody who is not signed in goes to sign-in and comes back; somebody without the right gets 403
    and an entry in the trail. Without any right named, being signed in is enough.
    """

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HtmxRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            lacking = [right for right in rights if not may(request.user, right)]
            if lacking:
                return refuse(request, lacking[0])
            return view(request, *args, **kwargs)

        guarded.required_rights = rights  # type: ignore[attr-defined]  # read by the test that every view names its rights
        return cast(View[P], guarded)

    return wrap


def requires_any(*rights: May) -> Callable[[View[P]], View[P]]:
    """The same for pages that several rights lead to, such as the contents of settings: one of them is enough."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HtmxRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if not any(may(request.user, right) for right in rights):
                return refuse(request, rights[0])
            return view(request, *args, **kwargs)

        guarded.required_rights = rights  # type: ignore[attr-defined]  # read by the test that every view names its rights
        return guarded

    return wrap


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, with the way back. A fragment takes the whole page with it."""
    target = redirect_to_login(request.get_full_path())
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(target.url)
    return HttpResponseRedirect(target.url)


def refuse(request: HtmxRequest, lacking: May) -> HttpResponse:
    """403 that says who may, recorded as a refused attempt."""
    record_refused_page(request, request.initiator, why=lacking.name.lower())
    who_may = [role.label for role in Role if reach_of(frozenset({role}), lacking) > Reach.NO]
    context = {"lacking": lacking.value, "who_may": who_may}
    return render(request, "errors/403.html", context, status=403)


def record_refused_page(request: HttpRequest, by: Initiator, *, why: str) -> None:
    """A page, form or fragment that somebody asked for and was not given."""
    with transaction.atomic():
        record(
            Events.ACCESS_REFUSED,
            initiator=by,
            target=Target(kind="address", id=request.path[:200], label=""),
            outcome="refused",
            details={"why": why, "method": request.method},
        )


def people_for(viewer: User, what: May) -> UserQuerySet:
    """The people for whom the viewer may do this, populations applied. Everybody else does not exist for them."""
    people: UserQuerySet = User.objects.visible_to(viewer, through=roles_with(what))
    return people


def may_for(viewer: User, what: May, person: User) -> bool:
    """Whether the viewer may do this for exactly this person."""
    return may(viewer, what) and people_for(viewer, what).filter(pk=person.pk).exists()


def sessions_for(viewer: User, what: May) -> SessionQuerySet:
    """The sessions of those people."""
    return Session.objects.visible_to(viewer, through=roles_with(what))


def revocations_for(viewer: User) -> RevocationQuerySet:
    """Receipts the viewer may open: of people reached, and their own where the matrix says "own"."""
    return Revocation.objects.visible_to(
        viewer,
        through=roles_with(May.SEE_REVOCATIONS),
        own_through=roles_with(May.SEE_REVOCATIONS, Reach.OWN),
    )


def projects_for(viewer: User, what: May) -> ProjectQuerySet:
    """The projects for which the viewer may do this; all others do not exist for them.

    "Own" is what they manage or deputise. A role narrowed to some people reaches no project, which may have others
    on it, unless it was granted for exactly that project.
    """
    reached = Project.objects.reached_by(viewer, through=roles_with(what))
    if not roles_with(what, Reach.OWN) & viewer.lasting_roles:
        return reached
    own = Project.objects.managed_by(viewer)
    return Project.objects.filter(Q(pk__in=reached.values("pk")) | Q(pk__in=own.values("pk")))


def leavings_for(viewer: User) -> LeavingQuerySet:
    """Scheduled leavings the viewer may change and cancel: of people reached, or the ones they scheduled."""
    return Leaving.objects.visible_to(
        viewer,
        through=roles_with(May.SCHEDULE_LEAVING),
        own_through=roles_with(May.SCHEDULE_LEAVING, Reach.OWN),
    )


def leavings_known_to(viewer: User) -> LeavingQuerySet:
    """Leavings the viewer may know of: of everybody whose access they could end now."""
    return Leaving.objects.visible_to(viewer, through=roles_with(May.TERMINATE_PEOPLE), own_through=())


def approvals_for(viewer: User) -> ApprovalQuerySet:
    """What they asked for themselves or what is about their projects, and what is about people they reach.

    HR reaches offboarding only. What is about somebody does not exist for them.
    """
    reach = Q(asked_by=viewer) | Q(project__in=Project.objects.managed_by(viewer))
    reach |= _about_people(viewer, roles_with(May.SEE_APPROVALS))
    reach |= _about_people(viewer, {Role.HR}) & Q(request__reason=Reason.OFFBOARDING)
    found: ApprovalQuerySet = Approval.objects.filter(reach).exclude(person=viewer)
    return found


def _about_people(viewer: User, through: Collection[Role]) -> Q:
    """Whoever reaches everybody also sees what is about no single person."""
    if viewer.reaches_everybody(through=through):
        return ~Q(pk=None)
    return Q(person__in=User.objects.visible_to(viewer, through=through).values("pk"))


def steps_for(viewer: User) -> StepQuerySet:
    """Manual tasks of the projects for which the viewer may do them."""
    projects = projects_for(viewer, May.DO_TASKS).values("pk")
    steps: StepQuerySet = Step.objects.filter(is_manual=True, revocation__project__in=projects)
    return steps


def credentials_for(viewer: User, what: May) -> QuerySet[MachineCredential]:
    """Credentials the viewer may see or change: all, or the ones they made where the matrix says "own".

    Who made one is read from the trail: the row itself keeps only a name, and two people can share one.
    """
    match reach_of(_counting(viewer, what), what):
        case Reach.ALL:
            return MachineCredential.objects.all()
        case Reach.OWN:
            made = AuditEntry.objects.by_initiator(viewer.pk).filter(
                event_code=Events.CREDENTIAL_CREATED.code
            )
            return MachineCredential.objects.filter(prefix__in=made.values("target_id"))
        case _:
            return MachineCredential.objects.none()


def fetch_or_refuse(rows: QuerySet[Row], **lookup: Any) -> Row:
    """The one row, or 404 whether it is missing, malformed or out of reach: the three must look alike."""
    try:
        return rows.get(**lookup)
    except (ObjectDoesNotExist, ValueError, ValidationError) as error:
        raise Http404 from error
