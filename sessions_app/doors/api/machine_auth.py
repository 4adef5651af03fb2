"""Which scope an operation asks of its caller; `request.auth` is then the caller as initiator."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from ninja.security.http import HttpAuthBase

from audit.initiators import Initiator
from sessions_app.doors.callers import authenticate
from sessions_app.models import Scope


class MachineRequest(HttpRequest):
    """A request that passed `MachineWith`."""

    auth: Initiator


class MachineWith(HttpAuthBase):
    """Lets machines with one of these scopes in, and nobody by cookie."""

    openapi_scheme = "bearer"

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self._scopes = scopes

    def __call__(self, request: HttpRequest) -> Initiator:
        address = cast("str | None", getattr(request, "client_address", None))
        return authenticate(request.headers.get("Authorization", ""), address=address, scopes=self._scopes)
