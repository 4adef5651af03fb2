"""What machines are told, and never more than was proved."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from audit.exports.forms import Form
from audit.exports.models import ExportJob, State
from audit.models import ReceiptVersion
from sessions_app.models import ProjectEnding, Revocation, RevocationTarget, Session, Signal, User
from sessions_app.models.revocations import RevocationState


class Problem(BaseModel):
    """A problem document (RFC 9457), sent as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[dict[str, Any]] | None = None
    why: list[str] | None = Field(
        None, description="With second_person_asks_first: what of it is too much for one alone"
    )
    reach: dict[str, int] | None = Field(None, description="With second_person_asks_first: how much it is")
    alone: dict[str, int] | None = Field(
        None, description="With second_person_asks_first: how much goes without a second person"
    )


class SessionAnswer(BaseModel):
    id: str
    outcome: Literal["created", "changed", "unchanged"]
    open: bool = Field(
        description="False where the person's access had ended before the sign-in was reported"
    )
    began_at: datetime
    last_used_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, session: Session, outcome: str) -> SessionAnswer:
        return cls(
            id=str(session.pk),
            outcome=outcome,  # type: ignore[arg-type]  # the enum's values are these words
            open=session.is_open,
            began_at=session.began_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            ended_at=session.ended_at,
        )


class IdentityAnswer(BaseModel):
    realm: str
    person_id: str


class PersonAnswer(BaseModel):
    id: str
    external_id: str | None
    username: str
    display_name: str
    sign_in_blocked: bool
    last_day: date | None
    groups: list[str]
    identities: list[IdentityAnswer]
    open_sessions: int

    @classmethod
    def of(cls, user: User) -> PersonAnswer:
        identities = user.identities.select_related("realm").order_by("realm__key", "person_id")
        return cls(
            id=str(user.pk),
            external_id=user.external_id,
            username=user.username,
            display_name=user.display_name,
            sign_in_blocked=user.sign_in_blocked_at is not None,
            last_day=user.last_day,
            groups=sorted(user.memberships.values_list("group__name", flat=True)),
            identities=[
                IdentityAnswer(realm=each.realm.key, person_id=each.person_id) for each in identities
            ],
            open_sessions=user.sessions.open().count(),
        )


class EventAnswer(BaseModel):
    id: str
    type: str
    outcome: Literal["applied", "nothing_to_do", "superseded", "unmatched", "refused", "kept"]
    receipt: str | None

    @classmethod
    def of(cls, signal: Signal) -> EventAnswer:
        return cls(
            id=signal.event_id,
            type=signal.kind,
            outcome=signal.outcome,  # type: ignore[arg-type]  # the choices are these words
            receipt=signal.revocation.receipt if signal.revocation else None,
        )


class SightingsAnswer(BaseModel):
    sessions_begun: int
    attempts: int


class MembersAnswer(BaseModel):
    joined: int
    left: int
    receipts: list[str] = Field(description="What ended the tokens of those who left")
    is_outdated: bool = Field(description="A newer list was applied already, so this one changed nothing")


class KeptAnswer(BaseModel):
    outcome: Literal["created", "changed", "unchanged"]
    changed: list[str] = Field(description="Names of what is different now")
    dry_run: bool


class ReceiptPerson(BaseModel):
    id: str
    external_id: str | None


class Proof(BaseModel):
    """What the guard was asked and refused when this was called cut off, by the last characters of its id."""

    kind: str
    tail: str


class LeftOutPerson(ReceiptPerson):
    why: str = Field(description="The code of the refusal that an order about this person alone would meet")


def _person_of(user: User) -> ReceiptPerson:
    return ReceiptPerson(id=str(user.pk), external_id=user.external_id)


class ReceiptAnswer(BaseModel):
    receipt: str
    state: Literal["not_yet_cut_off", "cut_off", "confirmed"]
    already_done: bool = Field(
        description="True where an earlier order had done this, and nothing new was stored"
    )
    scope: str
    reason: str
    ticket: str
    person: ReceiptPerson | None = Field(
        description="The one person it is about; null where there are several"
    )
    people: list[ReceiptPerson] = Field(description="Everybody whose access it ends")
    left_out: list[LeftOutPerson] = Field(description="Whom an order about many may not touch, and why")
    blocks_sign_in: bool
    sessions_ended: int
    received_at: datetime
    decided_at: datetime
    cut_off_at: datetime | None
    confirmed_at: datetime | None
    reinstated_at: datetime | None
    proof: Proof | None
    newest_version: int | None = Field(
        description="Number of its newest signed version; null until the clock has signed one"
    )

    @classmethod
    def of(cls, revocation: Revocation, *, already_done: bool = False) -> ReceiptAnswer:
        targets = revocation.targets.select_related("user").order_by("user__display_name", "user_id")
        people = [_person_of(target.user) for target in targets if not target.left_out]
        return cls(
            receipt=revocation.receipt,
            state=_state(revocation),
            already_done=already_done,
            scope=revocation.scope,
            reason=revocation.reason,
            ticket=revocation.ticket,
            person=people[0] if len(people) == 1 else None,
            people=people,
            left_out=[
                LeftOutPerson(**_person_of(target.user).model_dump(), why=target.left_out)
                for target in targets
                if target.left_out
            ],
            blocks_sign_in=revocation.blocks_sign_in,
            sessions_ended=revocation.sessions_ended,
            received_at=revocation.received_at,
            decided_at=revocation.decided_at,
            cut_off_at=revocation.cut_off_at,
            confirmed_at=revocation.confirmed_at,
            reinstated_at=revocation.reinstated_at,
            proof=Proof(kind=revocation.proof_kind, tail=revocation.proof_tail)
            if revocation.proof_kind
            else None,
            newest_version=ReceiptVersion.objects.of(revocation.receipt).newest_number(),
        )


class EndingAnswer(BaseModel):
    """One end of a project: what was asked for, and how far it is."""

    id: UUID
    project: str
    state: Literal["waiting", "scheduled", "running", "done", "cancelled", "lapsed"]
    already_done: bool = Field(description="True where somebody had asked before, and nothing new was stored")
    asked_at: datetime
    due_at: datetime
    receipt: str | None = Field(description="Null until it has begun")
    people: int = Field(description="Whose access ends by it")
    left_out: int = Field(description="People of the project whose sessions stay; they leave its groups too")
    sessions_ended: int
    cut_off_at: datetime | None

    @classmethod
    def of(cls, ending: ProjectEnding, *, already_done: bool) -> EndingAnswer:
        revocation = ending.revocation
        targets = RevocationTarget.objects.filter(revocation=revocation)
        return cls(
            id=ending.pk,
            project=ending.project.key,
            state=ending.state,  # type: ignore[arg-type]  # the choices are these words
            already_done=already_done,
            asked_at=ending.asked_at,
            due_at=ending.due_at,
            receipt=revocation.receipt if revocation else None,
            people=targets.filter(left_out="").count(),
            left_out=targets.exclude(left_out="").count(),
            sessions_ended=revocation.sessions_ended if revocation else 0,
            cut_off_at=revocation.cut_off_at if revocation else None,
        )


class Signature(BaseModel):
    algorithm: Literal["Ed25519"]
    purpose: str
    key: str = Field(description="Fingerprint of the key that signed")
    value: str = Field(
        description="Over the canonical JSON (RFC 8785) of the document, 128 hexadecimal digits"
    )


class SignedAnswer(BaseModel):
    """One version of a receipt as it was signed. It never changes."""

    document: dict[str, Any] = Field(
        description="What was signed (curfew-receipt/1): ids and codes, no names; `previous` is the SHA-256 of the "
        "version before"
    )
    sha256: str
    signature: Signature
    keys: list[dict[str, Any]] = Field(
        description="Public keys of the trail and how each vouches for the next; trust one by its fingerprint, "
        "taken from somewhere else than this answer"
    )


def _state(revocation: Revocation) -> Literal["not_yet_cut_off", "cut_off", "confirmed"]:
    """Stuck is not yet cut off too: a machine can do nothing but ask again."""
    if revocation.state == RevocationState.CONFIRMED:
        return "confirmed"
    return "cut_off" if revocation.state == RevocationState.CUT_OFF else "not_yet_cut_off"


class ExportAnswer(BaseModel):
    """One export: it is written in the background, and its file is kept for seven days."""

    id: UUID
    state: Literal["waiting", "running", "ready", "failed", "cancelled", "expired"]
    why: str = Field(description="Why it failed")
    q: str
    format: Form
    asked_at: datetime
    finished_at: datetime | None
    rows_total: int | None = Field(description="Null until they were counted")
    rows_done: int
    size: int | None = Field(description="Bytes of the file")
    sha256: str | None = Field(description="Of the file, as its entry in the trail has it")
    expires_at: datetime | None = Field(description="Until when the file is kept")
    download: str | None = Field(description="Address of the file while it is there")

    @classmethod
    def of(cls, job: ExportJob, *, download: str) -> ExportAnswer:
        return cls(
            id=job.pk,
            state=State.EXPIRED if job.has_expired else job.state,  # type: ignore[arg-type]  # the choices are these words
            why=job.why,
            q=job.line,
            format=Form(job.form),
            asked_at=job.asked_at,
            finished_at=job.finished_at,
            rows_total=job.rows_total,
            rows_done=job.rows_done,
            size=job.size,
            sha256=job.sha256 or None,
            expires_at=job.expires_at,
            download=download if job.is_there else None,
        )


class ExportsAnswer(BaseModel):
    exports: list[ExportAnswer] = Field(description="Newest first")
    next: UUID | None = Field(
        description="What to send as `after` for the ones behind these; null at the end"
    )
