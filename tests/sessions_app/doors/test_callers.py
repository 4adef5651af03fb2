"""Who is let in, below HTTP."""

from __future__ import annotations

import pytest

from sessions_app.doors.callers import AddressNotAllowed, CredentialMissing, CredentialWrong, authenticate
from sessions_app.models import Scope
from tests.factories import a_credential

pytestmark = pytest.mark.django_db


def test_an_ipv4_caller_at_a_socket_for_both_families_is_in_its_ipv4_network() -> None:
    secret = a_credential(networks=["192.0.2.0/24"])

    caller = authenticate(f"Bearer {secret}", address="::ffff:192.0.2.7", scopes=[Scope.PEOPLE_WRITE])

    assert (caller.kind, caller.id) == ("machine", secret[:12])


@pytest.mark.parametrize("address", ["192.0.3.1", "2001:db8::1", None, "nonsense"])
def test_a_caller_from_elsewhere_is_nobody(address: str | None) -> None:
    secret = a_credential(networks=["192.0.2.0/24"])

    with pytest.raises(AddressNotAllowed):
        authenticate(f"Bearer {secret}", address=address, scopes=[Scope.PEOPLE_WRITE])


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic Y2ZtXw==", "Bearer a\x00b", "Bearer " + "x" * 201]
)
def test_a_header_without_a_credential_is_not_looked_up(header: str) -> None:
    with pytest.raises(CredentialMissing):
        authenticate(header, address="192.0.2.1", scopes=[Scope.PEOPLE_WRITE])


def test_an_unknown_prefix_is_compared_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(
        "sessions_app.models.machine_credentials.MachineCredential.is_proved_by",
        lambda _self, presented: bool(compared.append(presented)),
    )

    with pytest.raises(CredentialWrong):
        authenticate("Bearer cfm_00000000_guess", address=None, scopes=[Scope.PEOPLE_WRITE])

    assert compared == ["cfm_00000000_guess"]
