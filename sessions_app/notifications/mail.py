"""Mail through the one server the operator named; without one nothing is queued and nothing is sent."""

from __future__ import annotations

import smtplib
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

SECONDS: Final = 10
"""How long one answer of the server is waited for."""


def is_configured() -> bool:
    return settings.MAIL_SERVER is not None


class NotTaken(Exception):
    """The server did not take the mail. `code` is the failure's kind and number; `for_good` that trying is no use."""

    def __init__(self, code: str, *, for_good: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.for_good = for_good


class Unreachable(NotTaken):
    """The server does not answer, or not as agreed: no other mail can be sent now either."""


class Connection:
    """One conversation with the server. The address was named by the operator, so it may be a private one."""

    def __init__(self) -> None:
        server = settings.MAIL_SERVER
        assert server is not None, "nobody asks without a server"
        self._backend = EmailBackend(
            host=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.starttls,
            use_ssl=server.tls,
            timeout=SECONDS,
        )

    def __enter__(self) -> Self:
        try:
            self._backend.open()
        except OSError as failure:
            self._hang_up()
            raise Unreachable(_code(failure)) from failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        try:
            self._backend.close()
        except OSError:
            return  # it was taken, or noted as not taken, before

    def send(self, *, to: str, subject: str, body: str, key: str) -> None:
        """Plain text to one address. `key` makes the same mail recognisable if it is ever sent twice.

        Raises Unreachable or NotTaken.
        """
        host = urlsplit(settings.BASE_URL).hostname or "localhost"
        headers = {"Message-ID": f"<{key}@{host}>", "Auto-Submitted": "auto-generated"}
        message = EmailMessage(subject, body, settings.MAIL_FROM, [to], headers=headers)
        try:
            self._backend.send_messages([message])
        except OSError as failure:  # to which the family of SMTP failures belongs
            raise _about(failure) from failure
        except ValueError as failure:  # an address or a header that cannot be written
            raise NotTaken(_code(failure), for_good=True) from failure


def _about(failure: Exception) -> NotTaken:
    code = _code(failure)
    match failure:
        case smtplib.SMTPRecipientsRefused():
            return NotTaken(code, for_good=_refused_for_good(failure))
        case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError():
            return NotTaken(code)
    return Unreachable(code)


def _refused_for_good(failure: smtplib.SMTPRecipientsRefused) -> bool:
    return all(code >= 500 for code, _said in failure.recipients.values())  # RFC 5321 section 4.2.1


def _code(failure: Exception) -> str:
    """'SMTPAuthenticationError 535': what the server wrote may hold addresses, and is not kept."""
    number = getattr(failure, "smtp_code", None)
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        number = next((code for code, _said in failure.recipients.values()), None)
    return f"{type(failure).__name__} {number or ''}".strip()
