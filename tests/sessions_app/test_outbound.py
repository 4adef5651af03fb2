"""Calls out of Curfew: to the address that was looked at, and to no other; small, short, JSON."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sessions_app import outbound
from sessions_app.outbound import CallFailed, get_json
from tests.key_server import KeyServer, running_key_server

NAME = "keys.northwind.example"


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with running_key_server({"keys": []}) as server:
        yield server


def failure_of(url: str, *, allow_private: bool = True) -> str:
    with pytest.raises(CallFailed) as failed:
        get_json(url, allow_private=allow_private)
    return failed.value.failure.value


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The name service, answering in turn; what it was asked for."""
    asked: list[str] = []
    left = list(answers)
    numeric = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if is_number(host):
            return numeric(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def is_number(host: Any) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# --- Where to -------------------------------------------------------------------------------------


def test_a_server_of_our_own_network_is_called_when_its_row_says_so(server: KeyServer) -> None:
    assert get_json(server.url, allow_private=True) == {"keys": []}


def test_it_is_not_called_otherwise(server: KeyServer) -> None:
    assert failure_of(server.url, allow_private=False) == "private"
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "failure"),
    [
        ("127.0.0.1", "private"), ("10.1.2.3", "private"), ("172.16.0.1", "private"), ("192.168.1.1", "private"),
        ("100.64.0.1", "private"), ("[::1]", "private"), ("[fd12::1]", "private"), ("[::ffff:10.0.0.1]", "private"),
        ("[64:ff9b::a00:1]", "private"), ("[2002:a00:1::1]", "private"), ("2130706433", "private"),
        ("[2001:0:808:808::f7f7:f7f7]", "private"),
        ("0.0.0.1", "private"), ("0.0.0.0", "forbidden"),  # noqa: S104
        ("169.254.169.254", "forbidden"), ("[fe80::1]", "forbidden"),
        ("[::ffff:169.254.169.254]", "forbidden"), ("224.0.0.1", "forbidden"), ("255.255.255.255", "forbidden"),
        ("[fd00:ec2::254]", "forbidden"),
    ],
)  # fmt: skip
def test_no_spelling_of_an_inner_address_is_called(address: str, failure: str) -> None:
    assert failure_of(f"https://{address}/jwks", allow_private=False) == failure


@pytest.mark.parametrize("address", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[fd00:ec2::254]"])  # noqa: S104
def test_where_clouds_keep_credentials_is_never_called(address: str) -> None:
    assert failure_of(f"https://{address}/jwks", allow_private=True) == "forbidden"


def test_plain_http_is_for_this_machine_alone() -> None:
    assert failure_of("http://10.1.2.3/jwks", allow_private=True) == "bad_address"
    assert failure_of("http://8.8.8.8/jwks", allow_private=True) == "bad_address"


@pytest.mark.parametrize(
    "url",
    ["", "keys", "ftp://x.example/", "file:///etc/passwd", "https://", "https://u:p@x.example/",
     "https://x.example:99999/", "https://[::1/", "gopher://x.example", "//x.example/jwks"],
)  # fmt: skip
def test_what_is_no_https_address_is_not_called(url: str) -> None:
    assert failure_of(url) == "bad_address"


def test_a_name_is_resolved_once_and_cannot_mean_something_else_a_moment_later(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])

    assert get_json(f"http://{NAME}:{server.port}/jwks", allow_private=True) == {"keys": []}

    assert asked == [NAME]
    assert server.asked[0]["Host"] == f"{NAME}:{server.port}"


def test_a_name_with_one_bad_address_among_its_own_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["8.8.8.8", "10.0.0.1"])

    assert failure_of(f"https://{NAME}/", allow_private=False) == "private"


def test_the_next_address_is_tried_when_one_takes_no_connection(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["127.0.0.2", "127.0.0.1"])

    assert get_json(f"http://{NAME}:{server.port}/", allow_private=True) == {"keys": []}


def test_a_name_nobody_knows_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_options: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert failure_of(f"https://{NAME}/") == "not_resolved"


def test_no_redirect_is_followed(server: KeyServer) -> None:
    with running_key_server({"keys": ["other"]}) as other:
        server.status, server.headers["Location"] = 302, other.url

        assert failure_of(server.url) == "redirect"
        assert other.asked == []


def test_no_proxy_of_the_environment_is_used(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert get_json(server.url, allow_private=True) == {"keys": []}


# --- What comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [201, 204, 400, 404, 500, 503])
def test_only_200_is_an_answer(status: int, server: KeyServer) -> None:
    server.status, server.answer = status, b""

    assert failure_of(server.url) == "status"


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/javascript", ""])
def test_only_json_is_read(kind: str, server: KeyServer) -> None:
    server.headers["Content-Type"] = kind

    assert failure_of(server.url) == "not_json"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/jwk-set+json", "Application/JSON"]
)
def test_json_has_several_names(kind: str, server: KeyServer) -> None:
    server.headers["Content-Type"] = kind

    assert get_json(server.url, allow_private=True) == {"keys": []}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 60_000])
def test_what_is_no_json_is_refused(body: bytes, server: KeyServer) -> None:
    server.answer = body

    assert failure_of(server.url) == "not_json"


def test_a_packed_answer_is_not_unpacked(server: KeyServer) -> None:
    server.headers["Content-Encoding"] = "gzip"

    assert failure_of(server.url) == "not_json"


def test_a_large_answer_is_broken_off(server: KeyServer) -> None:
    server.answer = b'"' + b"x" * outbound.LARGEST_ANSWER + b'"'

    assert failure_of(server.url) == "too_large"


def test_a_slow_answer_is_not_waited_for(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.3)
    server.delay_seconds = 2
    began = time.monotonic()

    assert failure_of(server.url) == "timeout"
    assert time.monotonic() - began < 1.5


def test_a_server_that_is_gone_is_no_accident() -> None:
    assert failure_of("http://127.0.0.1:1/jwks") == "no_connection"


# --- TLS ------------------------------------------------------------------------------------------


def certificate_for(name: str, folder: Path) -> Path:
    """A key and a certificate that signs itself, for this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize(("certified", "answer"), [(NAME, "the keys"), ("other.example", "tls")])
def test_the_certificate_is_checked_for_the_name_and_not_for_the_address(
    certified: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certificate_for(certified, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    resolving(monkeypatch, ["127.0.0.1"])

    with running_key_server("the keys", tls=context) as server:
        assert said(f"https://{NAME}:{server.port}/") == answer


def said(url: str) -> object:
    try:
        return get_json(url, allow_private=True)
    except CallFailed as failed:
        return failed.failure.value
