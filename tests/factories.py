"""Rows for scenes: each function makes one complete thing, and takes by name whatever a test cares about."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zlib import crc32

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from audit.initiators import Door, Initiator, InitiatorKind, acting, the_shell
from sessions_app.blacklist.verdict import Verdict
from sessions_app.models import (
    Application,
    Approval,
    ApprovalKind,
    ApprovalState,
    EnforcementPoint,
    Entitlement,
    Group,
    Identity,
    Issuer,
    MachineCredential,
    Membership,
    Policy,
    Project,
    ProjectResource,
    Realm,
    ResourceKind,
    Role,
    RoleGrant,
    Scope,
    Session,
    SessionApplication,
    Token,
    User,
)
from sessions_app.models.roles import PopulationKind
from sessions_app.revocation.orders import SecondPerson
from sessions_app.tokens.profiles import token_guard

REALM = "northwind"
ISS = "https://login.northwind.example"
AUDIENCE = "https://api.northwind.example"
KID = "northwind-1"
PASSWORD = "a long enough pass phrase"


# --- Keys and tokens ------------------------------------------------------------------------------


@cache
def signing_key() -> ec.EllipticCurvePrivateKey:
    """The key Northwind's issuer signs with, made once per test run."""
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: ec.EllipticCurvePrivateKey | None = None, *, kid: str = KID) -> dict[str, Any]:
    """The public half as a JSON Web Key for ES256."""
    jwk = ECAlgorithm.to_jwk((key or signing_key()).public_key(), as_dict=True)
    return {**jwk, "kid": kid, "use": "sig", "alg": "ES256"}


def token_for(user: User, session: Session | None = None, **claims: Any) -> str:
    """A real access token of this person as Northwind's issuer would mint it now; `claims` replace or add.

    A claim given as None is left out.
    """
    now = int(time.time())
    began = int(session.began_at.timestamp()) if session else now
    usual = {
        "iss": ISS,
        "sub": identity_of(user).person_id,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 300,
        "jti": uuid.uuid4().hex,
        "sid": session.sid if session else f"sid-{uuid.uuid4().hex}",
        "auth_time": began,
    }
    kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(kept, signing_key(), algorithm="ES256", headers={"typ": "at+jwt", "kid": KID})


def verdict_on(token: str) -> Verdict:
    """What the guard of this process says; asked again where a busy machine took longer than a guard waits."""
    for _attempt in range(20):
        verdict = token_guard().check(token)
        if not verdict.cause.startswith("unavailable:Timeout"):
            break
    return verdict


def a_token_row(session: Session, **fields: Any) -> Token:
    """What we know of one token of this session."""
    usual = {"token_id": uuid.uuid4().hex, "expires_at": timezone.now() + timedelta(minutes=5)}
    return Token.objects.create(realm=session.realm, session=session, **{**usual, **fields})


# --- Issuers, applications, points ----------------------------------------------------------------


def a_realm(key: str = REALM) -> Realm:
    """The realm of this key, made on first use."""
    with transaction.atomic(), acting(the_shell()):
        realm, _made = Realm.objects.get_or_create(key=key, defaults={"name": key.title()})
    return realm


def an_issuer(iss: str = ISS, *, realm: Realm | None = None, **fields: Any) -> Issuer:
    """The issuer of this `iss`, made on first use with Northwind's real public key."""
    usual = {
        "name": "Northwind sign-in",
        "realm": realm or a_realm(),
        "keys": {"keys": [public_jwk()]},
        "algorithms": ["ES256"],
        "audiences": [AUDIENCE],
        "typ": ["at+jwt"],
    }
    with transaction.atomic(), acting(the_shell()):
        issuer, _made = Issuer.objects.get_or_create(iss=iss, defaults={**usual, **fields})
    return issuer


def an_application(key: str = "wiki", **fields: Any) -> Application:
    """The application of this key, made on first use."""
    with transaction.atomic(), acting(the_shell()):
        application, _made = Application.objects.get_or_create(
            key=key, defaults={"name": key.title(), **fields}
        )
    return application


def an_enforcement_point(name: str = EnforcementPoint.DEFAULT, **fields: Any) -> EnforcementPoint:
    """The enforcement point of this name, made on first use."""
    with transaction.atomic(), acting(the_shell()):
        point, _made = EnforcementPoint.objects.get_or_create(name=name, defaults=fields)
    return point


# --- People ---------------------------------------------------------------------------------------


def a_person(username: str = "", *, realm: str = REALM, **fields: Any) -> User:
    """A person with one identity in the realm, no password and no role."""
    username = username or f"p-{uuid.uuid4().hex[:10]}"
    usual = {
        "display_name": username.title(),
        "email": f"{username}@northwind.example",
        "external_id": f"ext-{username}",
        "employee_number": f"N-{crc32(username.encode()) % 100_000:05d}",
        "legal_entity": "Northwind GmbH",
        "country": "DE",
    }
    user = User.objects.create_user(username, **{**usual, **fields})
    an_identity(user, realm=realm)
    return user


def an_identity(user: User, *, realm: str = REALM, person_id: str = "") -> Identity:
    """Links the person in this realm, by `nw-<user name>` unless another id is given."""
    person_id = person_id or f"nw-{user.username}"
    return Identity.objects.create(user=user, realm=a_realm(realm), person_id=person_id)


def identity_of(user: User, *, realm: str = REALM) -> Identity:
    """The first identity the person got there."""
    return user.identities.filter(realm__key=realm).earliest("pk")


def a_group(name: str, *members: User) -> Group:
    """The group of this name, with these people added."""
    group, _made = Group.objects.get_or_create(name=name)
    Membership.objects.bulk_create([Membership(group=group, user=member) for member in members])
    return group


def a_grant(user: User, role: Role, **fields: Any) -> RoleGrant:
    """The role as if it had been granted from the shell; without a population it covers everybody."""
    usual = {
        "reason": "needed for the scene",
        "granted_by": "the shell",
        "population_kind": PopulationKind.EVERYBODY,
    }
    grant = RoleGrant.objects.create(user=user, role=role, **{**usual, **fields})
    forget_roles(user)
    return grant


def an_entitlement(application: Application, group: Group, name: str) -> Entitlement:
    """What members of the group are in the application."""
    with transaction.atomic(), acting(the_shell()):
        return Entitlement.objects.create(application=application, group=group, name=name)


def a_project(key: str, *, ends_at: datetime, **fields: Any) -> Project:
    """A project of this key, without anybody on it yet."""
    with transaction.atomic(), acting(the_shell()):
        return Project.objects.create(key=key, ends_at=ends_at, **{"name": key.title(), **fields})


def a_resource(project: Project, kind: ResourceKind, name: str, **fields: Any) -> ProjectResource:
    """Something outside that the project gives."""
    with transaction.atomic(), acting(the_shell()):
        return ProjectResource.objects.create(project=project, kind=kind, name=name, **fields)


def a_policy(**fields: Any) -> Policy:
    """What the company set itself; everything else as everybody starts with."""
    with transaction.atomic(), acting(the_shell()):
        return Policy.objects.update_or_create(pk=1, defaults=fields)[0]


def forget_roles(user: User) -> None:
    """Lets this instance read its roles again; a request would have a new instance."""
    vars(user).pop("_active_grants", None)


def with_password(user: User, password: str = PASSWORD) -> User:
    user.set_password(password)
    user.save()
    return user


# --- Sessions -------------------------------------------------------------------------------------


def open_session(
    user: User,
    *applications: Application,
    issuer: Issuer | None = None,
    began_at: datetime | None = None,
    **fields: Any,
) -> Session:
    """A session of this person at Northwind's issuer, begun an hour ago and open for eight more."""
    now = timezone.now()
    issuer = issuer or an_issuer()
    usual = {
        "sid": f"sid-{user.username}-{uuid.uuid4().hex[:12]}",
        "last_used_at": now - timedelta(minutes=3),
        "expires_at": now + timedelta(hours=8),
        "address": "203.0.113.7",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "place": "Berlin, DE",
        "device_id": f"laptop-{user.username}",
        "authentication_methods": ["pwd", "otp"],
    }
    session = Session.objects.create(
        user=user,
        identity=identity_of(user, realm=issuer.realm.key),
        realm=issuer.realm,
        issuer=issuer,
        began_at=began_at or now - timedelta(hours=1),
        **{**usual, **fields},
    )
    for application in applications:
        SessionApplication.objects.create(session=session, application=application)
    return session


# --- Who asks -------------------------------------------------------------------------------------


def initiator_of(user: User, *, door: Door = Door.PAGE) -> Initiator:
    """This person at a page, with the roles they hold now."""
    forget_roles(user)
    return Initiator(
        kind=InitiatorKind.USER,
        id=str(user.pk),
        name=user.display_name,
        door=door,
        roles=frozenset(user.roles),
        address="198.51.100.20",
    )


def a_second_person(asker: User, approver: User | None = None) -> SecondPerson:
    """What an order says that somebody approved; without anybody, that the glass was broken."""
    state = ApprovalState.APPROVED if approver else ApprovalState.BROKEN_GLASS
    now = timezone.now()
    approval = Approval.objects.create(
        kind=ApprovalKind.TERMINATE,
        state=state,
        asked_by=asker,
        asked_at=now,
        expires_at=now + timedelta(minutes=30),
        decided_by=approver or asker,
        decided_at=now,
    )
    return SecondPerson(approval_id=approval.pk)


def a_machine(name: str = "Okta event hook") -> Initiator:
    """Some program at the API."""
    return Initiator(kind=InitiatorKind.MACHINE, id=f"cfm_{uuid.uuid4().hex[:8]}", name=name, door=Door.API)


def a_credential(*scopes: Scope, **fields: Any) -> str:
    """A machine credential with these scopes (all, if none is named); returns what its owner was shown."""
    prefix, secret = MachineCredential.draw_secret()
    usual = {
        "name": "Test machine",
        "created_by": "the shell",
        "expires_at": timezone.now() + timedelta(days=30),
    }
    MachineCredential.objects.create(
        prefix=prefix,
        secret_hash=MachineCredential.hash_of(secret),
        scopes=[str(scope) for scope in scopes or tuple(Scope)],
        **{**usual, **fields},
    )
    return secret
