"""A machine that calls the API the way programs do: JSON and a bearer credential, nothing else."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from sessions_app.models import Scope
from tests.factories import a_credential


class Machine:
    """Calls with its own credential. Unless told otherwise it has every scope."""

    def __init__(self, *scopes: Scope, secret: str | None = None, **credential: Any) -> None:
        self.secret = a_credential(*scopes, **credential) if secret is None else secret
        self._client = Client()

    def get(self, path: str) -> HttpResponse:
        return self._client.get(f"/api/v1{path}", headers=self._headers())

    def post(self, path: str, body: object, **headers: str) -> HttpResponse:
        return self.send("POST", path, json.dumps(body).encode(), **headers)

    def put(self, path: str, body: object, **headers: str) -> HttpResponse:
        return self.send("PUT", path, json.dumps(body).encode(), **headers)

    def send(
        self, method: str, path: str, body: bytes, content_type: str = "application/json", **headers: str
    ) -> HttpResponse:
        """`headers` in Python spelling: idempotency_key becomes Idempotency-Key."""
        spelled = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self._client.generic(
            method, f"/api/v1{path}", body, content_type, headers={**self._headers(), **spelled}
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
