"""POST /revocations, GET /revocations/<receipt> and its signed versions: ending access, what became of it, proof."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.http import Http404, HttpResponse
from django.urls import reverse
from ninja import Path, Router
from ninja.responses import Status

from audit.initiators import Initiator
from audit.models import ReceiptVersion
from audit.receipts import signed
from sessions_app.changes.end_many import end_by_machine
from sessions_app.changes.naming import find_application, find_person, find_session, find_token
from sessions_app.changes.texts import shown
from sessions_app.doors.api.answers import Problem, ReceiptAnswer, SignedAnswer
from sessions_app.doors.api.bodies import GroupName, IdempotencyKey, RevocationBody, WhyBody
from sessions_app.doors.api.machine_auth import MachineRequest, MachineWith
from sessions_app.doors.callers import require_scope
from sessions_app.models import Revocation
from sessions_app.models import Scope as CredentialScope
from sessions_app.models.moments import database_now
from sessions_app.models.receipts import read_receipt
from sessions_app.revocation.engine import answers_another
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
)

router = Router(tags=["Revocations"])


@router.post(
    "/revocations",
    auth=MachineWith(CredentialScope.REVOCATIONS_WRITE),
    response={
        frozenset({200, 201, 202}): ReceiptAnswer,
        frozenset({400, 401, 403, 404, 409, 413, 415, 422, 503}): Problem,
    },
    summary="End the access of a person or of many, a session or a token",
)
def order(
    request: MachineRequest,
    response: HttpResponse,
    body: RevocationBody,
    idempotency_key: IdempotencyKey = "",
) -> Status[ReceiptAnswer]:
    """201: cut off, written to the blacklist and read back. 200: cut off by an earlier order.

    202: decided and never taken back, but the blacklist did not answer. The clock repeats it every second.
    403 with second_person_asks_first: it reaches more people or sessions than may be ended without a second person
    (`reach`, `alone`), which only somebody signed in at Curfew can ask for. `everyone` has a scope of its own instead.
    """
    received_at = database_now()
    _require_more(body, request.auth)
    return _carried_out(
        request.auth, _scope(body), body, response, received_at=received_at, order_key=idempotency_key
    )


@router.post(
    "/groups/{name}/revocations",
    auth=MachineWith(CredentialScope.REVOCATIONS_MANY),
    response={
        frozenset({200, 201, 202}): ReceiptAnswer,
        frozenset({400, 401, 403, 404, 409, 413, 415, 422, 503}): Problem,
    },
    summary="End the access of everybody in a group",
)
def order_group(
    request: MachineRequest,
    response: HttpResponse,
    name: Annotated[GroupName, Path()],
    body: WhyBody,
    idempotency_key: IdempotencyKey = "",
) -> Status[ReceiptAnswer]:
    """The members at the moment of the decision, each with everything. They stay members.

    202 where it is decided and still being carried out: ask for the receipt. 403 with second_person_asks_first where
    they are more than may be ended without a second person.
    """
    return _carried_out(
        request.auth,
        OneGroup(name=name),
        body,
        response,
        received_at=database_now(),
        order_key=idempotency_key,
    )


def _carried_out(
    caller: Initiator,
    scope: Scope,
    why: WhyBody,
    response: HttpResponse,
    *,
    received_at: datetime,
    order_key: str,
) -> Status[ReceiptAnswer]:
    wanted = Order(
        initiator=caller,
        reason=why.reason,
        scope=scope,
        received_at=received_at,
        order_key=order_key,
        note=why.note.strip(),
        ticket=shown(why.ticket, limit=100),
    )
    revocation = end_by_machine(wanted)
    already_done = answers_another(revocation, wanted)
    response["Location"] = reverse("api-1.0.0:show_receipt", args=[revocation.receipt])
    return Status(_status(revocation, already_done), ReceiptAnswer.of(revocation, already_done=already_done))


@router.get(
    "/revocations/{receipt}",
    auth=MachineWith(CredentialScope.REVOCATIONS_READ),
    response={200: ReceiptAnswer, frozenset({401, 403, 404, 503}): Problem},
    summary="What became of an order",
    url_name="show_receipt",
)
def show_receipt(request: MachineRequest, receipt: str) -> ReceiptAnswer:
    return ReceiptAnswer.of(_find(receipt))


@router.get(
    "/revocations/{receipt}/versions/{version}",
    auth=MachineWith(CredentialScope.REVOCATIONS_READ),
    response={200: SignedAnswer, frozenset({401, 403, 404, 422, 503}): Problem},
    summary="The signed receipt, by the number of its version or as it stands now",
    url_name="show_signed_receipt",
)
def show_signed_receipt(
    request: MachineRequest, receipt: str, version: int | Literal["latest"]
) -> SignedAnswer:
    """Kept as a file it is what the stand-alone verifier reads; its format is published at /audit/format/.

    404 also where the receipt is not signed yet (`newest_version` is null).
    """
    versions = ReceiptVersion.objects.of(_find(receipt).receipt)
    found = versions.last() if version == "latest" else versions.filter(number=version).first()
    if found is None:
        raise Http404
    return SignedAnswer.model_validate(signed(found))


def _find(receipt: str) -> Revocation:
    """By its number in any spelling people use. Raises Http404."""
    found = Revocation.objects.filter(receipt=read_receipt(receipt)).first()
    if found is None:
        raise Http404
    return found


def _require_more(body: RevocationBody, caller: Initiator) -> None:
    """Raises ScopeMissing where the access of more than one person ends and the caller may only end that of one."""
    if body.everyone:
        require_scope(caller, CredentialScope.REVOCATIONS_EVERYONE)
    elif body.people is not None or body.group is not None or body.entitlement is not None:
        require_scope(caller, CredentialScope.REVOCATIONS_MANY)


def _scope(body: RevocationBody) -> Scope:
    """Exactly one is given; the body made sure. Raises the ChangeRefused that fits."""
    if body.everyone:
        return Everyone()
    if body.group is not None:
        return OneGroup(name=body.group)
    if body.entitlement is not None:
        return OneEntitlement(application_key=body.entitlement.application, name=body.entitlement.name)
    if body.people is not None:
        return SeveralPeople.of(find_person(each.named()).pk for each in body.people)
    return _scope_of_one(body)


def _scope_of_one(body: RevocationBody) -> Scope:
    if body.person is not None:
        user_id = find_person(body.person.named()).pk
        if body.application is None:
            return OneUser(user_id=user_id)
        return OneUserAtApplication(user_id=user_id, application_id=find_application(body.application).pk)
    if body.session is not None:
        return OneSession(session_id=find_session(body.session.sid, body.session.named()).pk)
    assert body.token is not None
    return OneToken(token_id=find_token(body.token.id, body.token.named()).pk)


def _status(revocation: Revocation, already_done: object) -> int:
    if revocation.cut_off_at is None:
        return 202
    return 200 if already_done else 201
