"""A port that is taken is stepped over."""

import socket

import pytest

from portal.starting import ports


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_a_free_port_is_taken_as_wanted(listener):
    port = listener.getsockname()[1]
    listener.close()

    assert ports.free_port(port) == port


def test_a_taken_port_is_stepped_over(listener):
    port = listener.getsockname()[1]

    assert ports.free_port(port) > port


def test_a_port_taken_on_the_other_loopback_address_is_stepped_over():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        assert ports.is_taken(listening.getsockname()[1])


def test_a_port_whose_last_connection_winds_down_is_free(listener):
    port = listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listener.accept()
        accepted.close()  # our side closes first, so our side waits
    listener.close()

    assert not ports.is_taken(port)


def test_no_free_port_is_said(monkeypatch):
    monkeypatch.setattr(ports, "is_taken", lambda port: True)

    with pytest.raises(ports.NoFreePort, match="from 8000 on"):
        ports.free_port(8000)
