"""A real SMTP server on this machine, on the standard library: it takes mail, refuses addresses, or keeps silent."""

from __future__ import annotations

import base64
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext, SSLSocket
from threading import Event, Thread
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Received:
    sender: str
    to: list[str]
    message: EmailMessage

    @property
    def body(self) -> str:
        return str(self.message.get_content())


@dataclass
class MailBox:
    """What the server took, and how it behaves: `refuses` answers an address with a number, `is_silent` nobody."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    refuses: dict[str, int] = field(default_factory=dict)
    hangs_up_on_data: bool = False
    is_silent: bool = False
    signed_in: list[str] = field(default_factory=list)
    connections: int = 0
    over: Event = field(default_factory=Event)


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        super().setup()
        if self.server.is_tls_first:
            self._encrypt()

    def _encrypt(self) -> None:
        assert self.server.tls is not None
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle(self) -> None:
        box = self.server.box
        box.connections += 1
        if box.is_silent:
            box.over.wait(30)
            return
        self.sender, self.to = "", []  # type: list[str]
        self._say("220 mail.test ready")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb, _space, rest = line.partition(" ")
            answer = getattr(self, f"_{verb.lower()}", None)
            if answer is None:
                self._say("502 not known here")
            elif answer(rest) is False:
                return

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _ehlo(self, _rest: str) -> None:
        self._say("250-mail.test")
        if self.server.tls is not None and not isinstance(self.request, SSLSocket):
            self._say("250 STARTTLS")
        else:
            self._say("250 AUTH PLAIN")

    def _starttls(self, _rest: str) -> None:
        self._say("220 go ahead")
        self._encrypt()

    def _auth(self, rest: str) -> None:
        secret = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.server.box.signed_in.append(":".join(secret[1:]))
        self._say("235 welcome")

    def _mail(self, rest: str) -> None:
        self.sender, self.to = _address(rest), []
        self._say("250 ok")

    def _rcpt(self, rest: str) -> None:
        refusal = self.server.box.refuses.get(_address(rest))
        if refusal:
            self._say(f"{refusal} <{_address(rest)}> is not taken here")
            return
        self.to.append(_address(rest))
        self._say("250 ok")

    def _data(self, _rest: str) -> bool | None:
        if self.server.box.hangs_up_on_data:
            return False
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        message = message_from_bytes(b"".join(lines), policy=default)
        self.server.box.received.append(Received(sender=self.sender, to=self.to, message=message))  # type: ignore[arg-type]  # as the policy makes it
        self._say("250 taken")
        return None

    def _rset(self, _rest: str) -> None:
        self._say("250 ok")

    def _quit(self, _rest: str) -> bool:
        self._say("221 bye")
        return False


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, box: MailBox, *, tls: SSLContext | None, is_tls_first: bool, **options: Any) -> None:
        self.box, self.tls, self.is_tls_first = box, tls, is_tls_first
        super().__init__(("127.0.0.1", 0), _Conversation, **options)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle of a handshake is what some tests are about."""


@contextmanager
def running_mail_server(*, tls: SSLContext | None = None, is_tls_first: bool = False) -> Iterator[MailBox]:
    """With `tls` it is encrypted: from the first byte on, or once the client asks for it (RFC 3207)."""
    box = MailBox()
    with _Server(box, tls=tls, is_tls_first=is_tls_first) as server:
        box.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield box
        box.over.set()
        server.shutdown()
        thread.join()
