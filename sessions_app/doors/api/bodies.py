"""What machines send: every field bounded, nothing beside the fields, translated into our own frozen values."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Header
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from audit.exports.forms import Form
from audit.query_terms import LONGEST_LINE
from sessions_app.blacklist.observations import Observation
from sessions_app.blacklist.verdict import Outcome
from sessions_app.changes.facts import NOTHING, IdentityFacts, PersonFacts
from sessions_app.changes.naming import PersonNaming, Place
from sessions_app.changes.texts import LONGEST_ID_BYTES, is_identifier
from sessions_app.models import TokenKind
from sessions_app.models.moments import database_now, to_milliseconds
from sessions_app.models.reasons import Reason
from sessions_app.sightings.checks import plain_address
from sessions_app.sightings.facts import SignInFacts, TokenFacts

LONGEST_NOTE = 2000
MOST_PEOPLE = 1000


def _identifier(value: str) -> str:
    if not is_identifier(value):
        raise ValueError(_("An id has 1 to 512 bytes."))
    return value


Identifier = Annotated[str, Field(min_length=1, max_length=LONGEST_ID_BYTES), AfterValidator(_identifier)]
ExternalId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_identifier)]
GroupName = Annotated[str, Field(min_length=1, max_length=200)]
Username = Annotated[str, Field(min_length=1, max_length=150)]
RealmKey = Annotated[str, Field(min_length=1, max_length=100)]
Iss = Annotated[str, Field(min_length=1, max_length=500)]
# Cut to what is kept, not refused: a report must not be lost because a browser says too much of itself.
Description = Annotated[str, Field(max_length=4000)]
Name200 = Annotated[str, Field(max_length=200)]


IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        pattern=r"^[\x21-\x7e]*$",
        description="A repeat with the same key and body is answered with what came of the first, for 24 hours",
    ),
]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaceBody(Body):
    """Where ids are valid: exactly one of `realm` and `issuer`."""

    realm: RealmKey | None = None
    issuer: Iss | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> PlaceBody:
        if (self.realm is None) == (self.issuer is None):
            raise ValueError(_("Give exactly one of realm and issuer."))
        return self

    def named(self) -> Place:
        return Place(realm=self.realm or "", issuer=self.issuer or "")


# --- Sign-ins ---------------------------------------------------------------------------------------


class KnownPersonBody(Body):
    """Whom the identity belongs to, by a name this installation knows."""

    external_id: ExternalId | None = None
    username: Username | None = None

    def named(self) -> PersonNaming:
        return PersonNaming(external_id=self.external_id or "", username=self.username or "")


class TokenBody(Body):
    """Identifier, kind and expiry of a token; never the token itself."""

    id: Identifier
    kind: TokenKind = TokenKind.ACCESS
    issued_at: AwareDatetime | None = None
    expires_at: AwareDatetime


class SignInBody(PlaceBody):
    """A sign-in that was seen, or a later use of it."""

    person_id: Identifier = Field(description="Who signed in, as the realm names them")
    person: KnownPersonBody | None = Field(None, description="Who that is here; links an identity seen first")
    sid: Identifier | None = Field(None, description="The issuer's session id, where it has one")
    application: Annotated[str, Field(max_length=100)] = Field(
        "", description="Key of a configured application"
    )
    client: Description = ""
    address: Annotated[str, Field(max_length=45)] | None = None
    user_agent: Description = ""
    device_id: Description = Field("", description="Device id or fingerprint as the sender knows it")
    place: Description = Field("", description="Place as the sender knows it")
    authentication_methods: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=20)
    began_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None
    token_expires_at: AwareDatetime | None = None
    tokens: list[TokenBody] = Field(default=[], max_length=20)

    def facts(self) -> SignInFacts:
        return SignInFacts(
            known_in=self.named(),
            person_id=self.person_id,
            naming=self.person.named() if self.person else PersonNaming(),
            sid=self.sid or "",
            application=self.application,
            client=self.client,
            address=self.address,
            user_agent=self.user_agent,
            device_id=self.device_id,
            place=self.place,
            authentication_methods=tuple(self.authentication_methods),
            began_at=self.began_at,
            expires_at=self.expires_at,
            last_used_at=self.last_used_at,
            token_expires_at=self.token_expires_at,
            tokens=tuple(
                TokenFacts(
                    token_id=token.id, kind=token.kind, issued_at=token.issued_at, expires_at=token.expires_at
                )
                for token in self.tokens
            ),
        )


class ObservationBody(Body):
    """One check as a service's guard saw it. Of a token that was not verified nothing but the outcome is told."""

    at: AwareDatetime
    where: Annotated[str, Field(min_length=1, max_length=200)]
    outcome: Outcome
    cause: Annotated[str, Field(max_length=60)] = ""
    receipt: Annotated[str, Field(max_length=13)] = ""
    address: Annotated[str, Field(max_length=45)] | None = None
    issuer: Annotated[str, Field(max_length=500)] = ""
    realm: Annotated[str, Field(max_length=100)] = ""
    person: Annotated[str, Field(max_length=LONGEST_ID_BYTES)] = ""
    sid: Annotated[str, Field(max_length=LONGEST_ID_BYTES)] = ""
    client: Annotated[str, Field(max_length=200)] = ""
    started_at: AwareDatetime | None = None
    times: Annotated[int, Field(ge=1, le=1_000_000, description="For how many equal checks it stands.")] = 1

    def observation(self) -> Observation:
        return Observation(
            at_ms=min(to_milliseconds(self.at), to_milliseconds(database_now())),
            where=self.where,
            outcome=self.outcome,
            cause=self.cause,
            receipt=self.receipt,
            address=plain_address(self.address) if self.address else None,
            issuer=self.issuer,
            realm=self.realm,
            person=self.person,
            sid=self.sid if self.started_at else "",
            client=self.client,
            started_ms=to_milliseconds(self.started_at) if self.started_at else 0,
            times=self.times,
        )


class SightingsBody(Body):
    observations: list[ObservationBody] = Field(max_length=500)


# --- People -----------------------------------------------------------------------------------------


class IdentityBody(PlaceBody):
    person_id: Identifier


class PersonBody(Body):
    """What a directory knows. A field that is left out stays as it was; null or an empty text empties it."""

    username: Annotated[str, Field(max_length=150)] | None = None
    display_name: Name200 | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    employee_number: Annotated[str, Field(max_length=50)] | None = None
    job_title: Name200 | None = None
    department: Name200 | None = None
    legal_entity: Name200 | None = None
    country: Annotated[str, Field(max_length=100)] | None = None
    manager_external_id: Name200 | None = None
    last_day: date | None = None
    groups: Annotated[list[Name200], Field(max_length=500)] | None = Field(
        None, description="Exactly the person's groups; null leaves them as they are"
    )
    identities: list[IdentityBody] = Field(
        default=[], max_length=50, description="Added; none is ever taken away"
    )

    def facts(self, external_id: str) -> PersonFacts:
        others = {"last_day", "groups", "identities"}
        texts: dict[str, Any] = {name: getattr(self, name) or "" for name in self.model_fields_set - others}
        return PersonFacts(
            external_id=external_id,
            last_day=(self.last_day or NOTHING) if "last_day" in self.model_fields_set else None,
            groups=None if self.groups is None else tuple(self.groups),
            identities=tuple(
                IdentityFacts(place=identity.named(), person_id=identity.person_id)
                for identity in self.identities
            ),
            **texts,
        )


class PersonNamingBody(Body):
    """One person, by external id, by user name, or by an identity (`subject` with `realm` or `issuer`)."""

    external_id: ExternalId | None = None
    username: Username | None = None
    realm: RealmKey | None = None
    issuer: Iss | None = None
    subject: Identifier | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> PersonNamingBody:
        has_place = self.realm is not None or self.issuer is not None
        if has_place != (self.subject is not None):
            raise ValueError(_("A subject needs a realm or an issuer, and the other way round."))
        if not (self.external_id or self.username or self.subject):
            raise ValueError(_("Name the person."))
        return self

    def named(self) -> PersonNaming:
        return PersonNaming(
            external_id=self.external_id or "",
            username=self.username or "",
            subject=self.subject or "",
            place=Place(realm=self.realm or "", issuer=self.issuer or ""),
        )


# --- Events -----------------------------------------------------------------------------------------


class EventType(StrEnum):
    ROLE_UPDATED = "role.updated"
    USER_DEACTIVATED = "user.deactivated"
    USER_SUSPENDED = "user.suspended"
    PROJECT_ENDED = "project.ended"


class EventBody(Body):
    """Something that happened: to a person, or to the project of this key (project.ended).

    `groups` are exactly the person's groups after a role.updated.
    """

    id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    type: EventType
    occurred_at: AwareDatetime
    person: PersonNamingBody | None = None
    project: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    groups: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=500)] | None
    ) = None

    @model_validator(mode="after")
    def _says_whom(self) -> EventBody:
        is_about_project = self.type is EventType.PROJECT_ENDED
        if (self.project is not None) != is_about_project or (self.person is None) != is_about_project:
            raise ValueError(_("A project.ended names the project, every other event the person."))
        return self

    @model_validator(mode="after")
    def _says_which_groups(self) -> EventBody:
        if (self.groups is not None) != (self.type is EventType.ROLE_UPDATED):
            raise ValueError(_("Groups belong to role.updated, and role.updated needs them."))
        return self


class MembersBody(Body):
    """Exactly the members, by external id. `as_of` is how recent this is; now, where it is left out."""

    external_ids: list[ExternalId] = Field(max_length=5000)
    as_of: AwareDatetime | None = None


# --- Revocations ------------------------------------------------------------------------------------


class WholePersonBody(PersonNamingBody):
    """Whose access ends altogether."""


class OneSessionBody(PlaceBody):
    sid: Identifier


class OneTokenBody(PlaceBody):
    id: Identifier


class EntitlementBody(Body):
    """Everybody whom some group makes `name` in the application."""

    application: Annotated[str, Field(min_length=1, max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=200)]


class WhyBody(Body):
    """Why access ends."""

    reason: Reason
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    ticket: Annotated[str, Field(max_length=100)] = ""


ONE_OF = ("person", "session", "token", "people", "group", "entitlement", "everyone")


class RevocationBody(WhyBody):
    """Whose access ends, and why: exactly one of the fields that say whose.

    `people`, `group` and `entitlement` need the scope revocations:many beside revocations:write, `everyone` needs
    revocations:everyone.
    """

    person: WholePersonBody | None = None
    application: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Only beside `person`: their sessions at this application end, and no others"
    )
    session: OneSessionBody | None = None
    token: OneTokenBody | None = None
    people: Annotated[list[PersonNamingBody], Field(min_length=1, max_length=MOST_PEOPLE)] | None = None
    group: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Everybody who is a member when it is decided"
    )
    entitlement: EntitlementBody | None = None
    everyone: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> RevocationBody:
        if sum(getattr(self, name) is not None for name in ONE_OF) != 1:
            raise ValueError(
                _("Give exactly one of person, session, token, people, group, entitlement and everyone.")
            )
        if self.application is not None and self.person is None:
            raise ValueError(_("An application is named beside a person."))
        return self


class EndProjectBody(Body):
    """Nothing is needed. Without `due_at`, or with one that has passed, it ends now."""

    due_at: AwareDatetime | None = Field(None, description="With an offset; at most a year ahead")
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    ticket: Annotated[str, Field(max_length=100)] = ""


# --- The trail as a file ------------------------------------------------------------------------------


class ExportBody(Body):
    """Which entries, as the search of the audit page says it, and in which form."""

    q: Annotated[str, Field(max_length=LONGEST_LINE)] = Field(
        "",
        description="As on the audit page: `reason:offboarding created:30d`. Nothing: all of the trail, however old",
    )
    format: Form

    @property
    def line(self) -> str:
        return " ".join(self.q.split())
