"""Loading the demo company through the same named changes a real directory would use."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from audit.events import Events
from audit.initiators import Initiator, acting, the_shell
from audit.record import record
from portal.demo import issuer as demo_issuer
from portal.demo.people import APPLICATIONS, COUNTRY_OF, DemoPerson, DemoSession, everybody
from portal.demo.projects import end_one, make_projects
from portal.demo.sign_ins import password, sign_ins
from sessions_app.changes.facts import IdentityFacts, PersonFacts
from sessions_app.changes.naming import Place
from sessions_app.changes.oauth_clients import ClientFacts, create_client
from sessions_app.changes.people import keep_people
from sessions_app.changes.roles import grant_role
from sessions_app.models import (
    Application,
    EnforcementPoint,
    Entitlement,
    Group,
    Issuer,
    Realm,
    Session,
    SessionApplication,
    User,
)
from sessions_app.models.reasons import Reason
from sessions_app.revocation.engine import revoke
from sessions_app.revocation.orders import OneUser, Order
from sessions_app.tokens.own_issuer import prepare_own_issuer
from sessions_app.tokens.profiles import guard_configuration

LEAVER = "joaquin"
ENTITLEMENTS = (
    ("billing", "finance", "read"),
    ("billing", "finance-approvers", "approve"),
    ("source", "engineering", "write"),
    ("wiki", "staff", "edit"),
)


class AlreadyLoaded(Exception):
    """There are people here already; the demo never mixes with them."""


def load_company(*, by: Initiator | None = None) -> int:
    """Fill an empty installation with Northwind; returns how many people work there.

    1. Applications, the issuer with its public key, enforcement points. 2. People, groups, roles, sign-ins.
    3. Sessions and projects. 4. One project and one person that already ended, like any other. Steps 1 to 3 are one
    transaction.

    Raises AlreadyLoaded.
    """
    initiator = by or the_shell()
    if User.objects.exists():
        raise AlreadyLoaded
    with transaction.atomic(), acting(initiator):
        _settings()
        people = everybody()
        keep_people([_facts(person) for person in people], by=initiator)
        _roles(people, by=initiator)
        _sessions(people)
        make_projects(by=initiator)
        record(Events.DEMO_LOADED, initiator=initiator, details={"people": len(people)})
    _clients(by=initiator)
    write_guard_configuration()
    end_one(by=initiator)
    _let_one_go(by=initiator)
    return len(people)


def write_guard_configuration() -> None:
    """The file the sample service reads: which issuers to trust."""
    path = Path(settings.DATA_DIR) / "guard.json"
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(guard_configuration(), indent=2), encoding="utf-8")
    draft.replace(path)


def _settings() -> None:
    realm = Realm.objects.create(key=demo_issuer.REALM, name="Northwind")
    Issuer.objects.create(
        iss=demo_issuer.ISS,
        name="Northwind sign-in",
        realm=realm,
        keys=demo_issuer.public_keys(),
        algorithms=["ES256"],
        audiences=[demo_issuer.AUDIENCE],
        typ=["at+jwt"],
        max_session_seconds=30 * 86_400,
        clock_allowance_seconds=0,
    )
    for application in APPLICATIONS:
        Application.objects.create(**vars(application))
    EnforcementPoint.objects.create(
        name=EnforcementPoint.DEFAULT, description="The gateway in front of everything"
    )
    EnforcementPoint.objects.create(
        name="billing", description="Billing API", audiences=[demo_issuer.AUDIENCE]
    )


def _facts(person: DemoPerson) -> PersonFacts:
    today = timezone.now().date()
    return PersonFacts(
        external_id=f"hr-{person.number.lower()}",
        username=person.username,
        display_name=person.name,
        email=f"{person.username}@northwind.example",
        employee_number=person.number,
        job_title=person.title,
        department=person.department,
        legal_entity=person.entity,
        country=COUNTRY_OF[person.entity],
        manager_external_id=_external_id_of(person.manager) if person.manager else None,
        last_day=None if person.leaves_in is None else today + timedelta(days=person.leaves_in),
        groups=person.groups,
        identities=(IdentityFacts(place=Place(realm=demo_issuer.REALM), person_id=f"nw-{person.username}"),),
    )


def _external_id_of(username: str) -> str:
    (number,) = [person.number for person in everybody() if person.username == username]
    return f"hr-{number.lower()}"


def _roles(people: list[DemoPerson], *, by: Initiator) -> None:
    User.objects.filter(username__in=[who.username for who in sign_ins()]).update(
        password=make_password(password())
    )
    for person in people:
        for role in person.roles:
            grant_role(User.objects.get(username=person.username), role, by=by, reason="Demo company")
    for application, group, name in ENTITLEMENTS:
        Entitlement.objects.create(
            application=Application.objects.get(key=application),
            group=Group.objects.get(name=group),
            name=name,
        )


def _sessions(people: list[DemoPerson]) -> None:
    applications = {application.key: application for application in Application.objects.all()}
    issuer = Issuer.objects.select_related("realm").get(iss=demo_issuer.ISS)
    for person in people:
        user = User.objects.get(username=person.username)
        for drawn in person.sessions:
            session = begin_session(user, issuer, drawn)
            SessionApplication.objects.bulk_create(
                SessionApplication(session=session, application=applications[key]) for key in drawn.at
            )


def begin_session(user: User, issuer: Issuer, drawn: DemoSession) -> Session:
    """A session of this person as it is drawn, ending by itself a week from now."""
    now = timezone.now()
    return Session.objects.create(
        realm=issuer.realm,
        issuer=issuer,
        user=user,
        identity=user.identities.get(realm=issuer.realm),
        sid=str(uuid.uuid4()),
        client="northwind-desktop",
        began_at=now - timedelta(hours=drawn.began),
        last_used_at=now - timedelta(hours=drawn.used),
        expires_at=now + timedelta(days=7),
        token_expires_at=now + demo_issuer.TOKEN_LIFE,
        address=drawn.address,
        user_agent=drawn.agent,
        place=drawn.place,
        authentication_methods=["pwd", "otp"],
    )


def _clients(*, by: Initiator) -> None:
    """Programs that ask Curfew's own authorization server for tokens: the sample dashboard is one."""
    prepare_own_issuer(by=by)
    create_client(
        ClientFacts(
            client_id="dashboard",
            name="Northwind dashboard",
            is_confidential=False,
            application=Application.objects.get(key="dashboard"),
            redirect_uris=("http://127.0.0.1:1/callback",),
            audiences=(demo_issuer.AUDIENCE,),
            is_trusted=True,
        ),
        by=by,
    )


def _let_one_go(*, by: Initiator) -> None:
    """One receipt to look at from the first minute, true like any other."""
    leaver = User.objects.get(username=LEAVER)
    revoke(
        Order(
            initiator=by,
            reason=Reason.OFFBOARDING,
            scope=OneUser(user_id=leaver.pk),
            received_at=timezone.now(),
            ticket="HR-2229",
        )
    )
