"""Mail over real encryption: a server is trusted by its certificate, or told nothing, least of all a password."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from portal.environment import MailServer
from sessions_app.notifications.mail import Connection, Unreachable
from tests.smtp_server import MailBox, running_mail_server

Running = Callable[..., AbstractContextManager[MailBox]]
WAYS = pytest.mark.parametrize("is_tls_first", [True, False], ids=["smtps", "starttls"])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "mail.pem"
    plain = serialization.NoEncryption()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def running(certificate: Path, settings: Settings) -> Running:
    @contextmanager
    def start(*, is_tls_first: bool) -> Iterator[MailBox]:
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with running_mail_server(tls=context, is_tls_first=is_tls_first) as box:
            settings.MAIL_FROM = "curfew@northwind.example"
            settings.MAIL_SERVER = MailServer(
                host="127.0.0.1",
                port=box.port,
                user="curfew",
                password="hunter2",
                tls=is_tls_first,
                starttls=not is_tls_first,
            )
            yield box

    return start


@WAYS
def test_a_server_whose_certificate_is_trusted_gets_the_password_and_the_mail(
    running: Running, certificate: Path, monkeypatch: pytest.MonkeyPatch, is_tls_first: bool
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with running(is_tls_first=is_tls_first) as box, Connection() as connection:
        connection.send(to="ivan@northwind.example", subject="Tasks", body="One is due.", key="k-1")

    assert box.signed_in == ["curfew:hunter2"]
    assert [received.to for received in box.received] == [["ivan@northwind.example"]]


@WAYS
def test_a_server_with_a_certificate_that_nobody_trusts_is_told_nothing(running: Running, is_tls_first: bool):
    with running(is_tls_first=is_tls_first) as box, pytest.raises(Unreachable) as refused, Connection():
        pass

    assert refused.value.code.startswith("SSLCertVerificationError")
    assert (box.signed_in, box.received) == ([], [])


def test_a_server_that_offers_no_encryption_is_told_nothing(settings: Settings):
    with running_mail_server() as box:
        settings.MAIL_SERVER = MailServer(
            host="127.0.0.1", port=box.port, user="curfew", password="hunter2", starttls=True
        )
        with pytest.raises(Unreachable), Connection():
            pass

    assert box.signed_in == []
