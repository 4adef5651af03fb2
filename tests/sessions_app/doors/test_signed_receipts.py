"""GET /api/v1/revocations/<receipt>/versions/<version>: the signed document, provable without us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from audit import verifier
from audit.models import AuditEntry, ReceiptVersion
from audit.receipts import signed
from audit.signing import current_fingerprint
from sessions_app.changes.reinstate import allow_sign_in_again
from sessions_app.models import Revocation, Scope, User
from tests.factories import initiator_of
from tests.redis_server import EmbeddedRedis
from tests.sessions_app.doors.machines import Machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(open_gate: EmbeddedRedis, ines: User) -> str:
    """Of the receipt of Ines, whose access a machine ended: decided and cut off."""
    answer = Machine().post("/revocations", {"person": {"username": "ines"}, "reason": "offboarding"})
    return f"/revocations/{answer.json()['receipt']}"


def verified(kept: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """By the script alone, with nothing installed."""
    command = [sys.executable, "-I", "-S", verifier.__file__, str(kept), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_newest_version_is_told_and_given(path: str, ines: User, ivan: User) -> None:
    allow_sign_in_again(ines, by=initiator_of(ivan), reason="came back")
    machine = Machine(Scope.REVOCATIONS_READ)

    newest = machine.get(f"{path}/versions/latest").json()

    assert machine.get(path).json()["newest_version"] == newest["document"]["version"] == 3
    assert newest["document"]["clocks"]["sign_in_allowed_again_at"]
    assert newest == signed(ReceiptVersion.objects.get(number=3))


def test_a_version_is_given_by_its_number_and_names_the_one_before(path: str) -> None:
    first, second = (Machine().get(f"{path}/versions/{number}").json() for number in (1, 2))

    assert (first["document"]["state"], second["document"]["state"]) == ("requested", "cut_off")
    assert second["document"]["previous"] == first["sha256"]
    assert "Ines" not in str(second)


def test_the_answer_kept_as_a_file_is_genuine_by_the_script_alone(path: str, tmp_path: Path) -> None:
    kept = tmp_path / "receipt.json"
    kept.write_bytes(Machine().get(f"{path}/versions/latest").content)

    done = verified(kept, "--key-fingerprint", current_fingerprint())

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Genuine.\nReceipt CF-")


def test_an_answer_that_somebody_changed_on_the_way_is_not(path: str, tmp_path: Path) -> None:
    kept = tmp_path / "receipt.json"
    kept.write_bytes(Machine().get(f"{path}/versions/1").content.replace(b"requested", b"confirmed"))

    assert verified(kept, "--key-fingerprint", current_fingerprint()).returncode == 1


def test_it_needs_the_scope_of_the_receipt(path: str) -> None:
    refused = Machine(Scope.REVOCATIONS_WRITE).get(f"{path}/versions/latest")

    assert refused.status_code == 403
    assert "document" not in refused.json()
    assert AuditEntry.objects.filter(event_code="AC-403F").count() == 1


@pytest.mark.parametrize("version", ["0", "-1", "3", str(2**31), str(10**30)])
def test_a_version_that_does_not_exist_is_not_found(version: str, path: str) -> None:
    assert Machine().get(f"{path}/versions/{version}").status_code == 404


def test_a_version_that_is_no_number_is_refused_with_a_reason(path: str) -> None:
    answer = Machine().get(f"{path}/versions/newest")

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")


def test_a_receipt_that_does_not_exist_is_not_found(path: str) -> None:
    assert Machine().get("/revocations/CF-0000000000/versions/latest").status_code == 404
    assert Machine().get("/revocations/nonsense/versions/1").status_code == 404


def test_a_receipt_that_is_not_signed_yet_says_so(
    open_gate: EmbeddedRedis, ines: User, settings: Settings
) -> None:
    settings.AUDIT_SIGNING_KEY = "no key at all"
    Machine().post("/revocations", {"person": {"username": "ines"}, "reason": "offboarding"})
    path = f"/revocations/{Revocation.objects.get().receipt}"

    assert Machine().get(path).json()["newest_version"] is None
    assert Machine().get(f"{path}/versions/latest").status_code == 404
