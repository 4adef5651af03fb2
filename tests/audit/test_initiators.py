"""An initiator is never empty, and inner ones do not forget outer ones."""

from uuid import uuid4

import pytest

from audit.errors import NobodyIsActing
from audit.initiators import (
    Door,
    Initiator,
    InitiatorKind,
    acting,
    current_correlation_id,
    current_initiator,
    reset_correlation_id,
    set_correlation_id,
    somebody_unknown,
    the_clock,
    the_shell,
)


def test_an_initiator_without_an_id_cannot_be_made():
    with pytest.raises(ValueError, match="never empty"):
        Initiator(kind=InitiatorKind.MACHINE, id="", name="", door=Door.API)


def test_a_user_is_named_by_a_uuid():
    with pytest.raises(ValueError, match="UUID"):
        Initiator(kind=InitiatorKind.USER, id="hana", name="Hana", door=Door.PAGE)


def test_only_a_user_has_a_user_id():
    hana = uuid4()

    assert Initiator(kind=InitiatorKind.USER, id=str(hana), name="", door=Door.PAGE).user_id == hana
    assert the_clock().user_id is None
    assert somebody_unknown(door=Door.SIGN_IN, address=None).user_id is None


def test_the_shell_is_known_by_number_and_not_by_name():
    shell = the_shell()

    assert shell.id.startswith("uid-")
    assert shell.name not in shell.id


def test_outside_of_acting_nobody_is_acting():
    with pytest.raises(NobodyIsActing, match=r"A field change of issuer.*acting\(initiator\)"):
        current_initiator(asked_for="A field change of issuer")


def test_acting_nests_and_restores_the_outer_initiator():
    outer, inner = the_shell(), the_clock()

    with acting(outer):
        with acting(inner):
            assert current_initiator(asked_for="this test") is inner
        assert current_initiator(asked_for="this test") is outer


def test_acting_restores_the_outer_initiator_after_an_error():
    outer = the_shell()

    with acting(outer):
        with pytest.raises(RuntimeError), acting(the_clock()):
            raise RuntimeError
        assert current_initiator(asked_for="this test") is outer


def test_the_request_of_the_door_goes_before_that_of_the_initiator():
    machine = Initiator(
        kind=InitiatorKind.MACHINE, id="okta", name="", door=Door.API, correlation_id="initiator"
    )

    with acting(machine):
        assert current_correlation_id() == "initiator"
        token = set_correlation_id("door")
        assert current_correlation_id() == "door"
        reset_correlation_id(token)
    assert current_correlation_id() == ""
