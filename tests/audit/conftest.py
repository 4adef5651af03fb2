"""The scene of the trail's tests: Hana acts, Ines is acted on."""

import pytest

from audit.initiators import Door, Initiator, InitiatorKind
from audit.record import Target
from sessions_app.models import User


@pytest.fixture
def hana_weiss(db: None) -> Initiator:
    """Hana of HR at the page, from an address."""
    user = User.objects.create_user("hana", display_name="Hana Weiss", email="hana@northwind.example")
    return Initiator(
        kind=InitiatorKind.USER,
        id=str(user.pk),
        name="Hana Weiss",
        door=Door.PAGE,
        roles=frozenset({"security", "hr"}),
        address="198.51.100.23",
        correlation_id="req-7f3a",
    )


@pytest.fixture
def ines_almeida(db: None) -> Target:
    """Ines as a target, with her name."""
    user = User.objects.create_user("ines", display_name="Ines Almeida", email="ines@northwind.example")
    return Target.of(user, label="Ines Almeida")
