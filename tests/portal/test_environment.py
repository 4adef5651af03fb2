"""The address of a mail server in the environment: read whole, or refused without being shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.environment import MailServer, mail_server


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("smtp://relay.example", MailServer(host="relay.example", port=25)),
        (
            "smtp+starttls://cur%40few:p%3Aw@mail.example:2525",
            MailServer(host="mail.example", port=2525, user="cur@few", password="p:w", starttls=True),
        ),
        (
            "smtps://u:p@mail.example",
            MailServer(host="mail.example", port=465, user="u", password="p", tls=True),
        ),
        ("smtp://u:p@127.0.0.1:1025", MailServer(host="127.0.0.1", port=1025, user="u", password="p")),
        ("", None),
    ],
)
def test_an_address_says_host_port_sign_in_and_encryption(monkeypatch, address, server):
    monkeypatch.setenv("MAIL_URL", address)

    assert mail_server("MAIL_URL") == server


@pytest.mark.parametrize(
    "address",
    [
        "mail.example:25",
        "https://u:hunter2@mail.example",
        "smtp://",
        "smtp://u:hunter2@mail.example:port",
        "smtp://u:hunter2@mail.example",
    ],
)
def test_anything_else_stops_the_start_without_showing_it(monkeypatch, address):
    monkeypatch.setenv("MAIL_URL", address)

    with pytest.raises(ImproperlyConfigured, match="MAIL_URL") as refused:
        mail_server("MAIL_URL")

    assert "hunter2" not in str(refused.value)


def test_it_can_stand_in_a_file(monkeypatch, tmp_path: Path):
    (tmp_path / "mail").write_text("smtps://u:p@mail.example\n", encoding="utf-8")
    monkeypatch.setenv("MAIL_URL_FILE", str(tmp_path / "mail"))

    assert mail_server("MAIL_URL").host == "mail.example"


def test_the_password_is_in_no_text_of_it():
    assert "hunter2" not in repr(MailServer(host="mail.example", port=465, password="hunter2"))
