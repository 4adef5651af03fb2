"""/verdict and introspection behind the real web server, beside django-oauth-toolkit's introspection and bare nginx."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import jwt

from portal.starting.supervisor import web_command
from sessions_app.models import Scope, Session
from tests.bench import peer_address
from tests.bench.saturation import asked_for, most_a_second
from tests.bench.scratch import keeping_time
from tests.bench.timing import Times, in_turns, quantile
from tests.factories import (
    KID,
    a_credential,
    a_person,
    an_enforcement_point,
    an_issuer,
    open_session,
    signing_key,
    token_for,
)

ROOT = Path(__file__).resolve().parent.parent.parent
PEOPLE = 50
ROUNDS, CALLS = 6, 300
SLOW_CALLS = 10
RATE_A_SECOND, TURNS, SECONDS_A_TURN, CONNECTIONS = 500, 4, 2, 8
NEW_TOKENS = 24_000  # more than are asked for: each is new but for the last turns of a fast machine
FILE = b"hello\n"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream curfew {{ server 127.0.0.1:{curfew}; keepalive 16; }}
  upstream other {{ server 127.0.0.1:{other}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port}; root {folder};
    location = /alone {{ try_files /file =404; }}
    location = /curfew {{ auth_request /ask; try_files /file =404; }}
    location = /other {{ auth_request /ask-other; try_files /file =404; }}
    location = /yes {{ return 204; }}
    location = /ask {{
      internal; proxy_pass http://curfew/verdict; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
    }}
    location = /ask-other {{
      internal; proxy_pass http://other/yes; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
    }}
  }}
}}
"""

Call = Callable[[int], object]


def measure() -> str:
    """Both tables. The one behind nginx only where there is an nginx."""
    credential, tokens = prepare()
    with ExitStack() as standing:
        standing.enter_context(keeping_time())
        curfew = standing.enter_context(serving("portal.wsgi:application", ready="/verdict"))
        peer = standing.enter_context(serving("tests.bench.peer:application", ready=peer_address.PATH))
        text = one_at_a_time(curfew, peer, credential, tokens)
        if shutil.which("nginx"):
            other = standing.enter_context(running_nginx(curfew))
            nginx = standing.enter_context(running_nginx(curfew, other=other))
            text += "\n\n" + behind_nginx(nginx, tokens) + "\n\n" + as_many_as_it_takes(nginx)
    return text


def prepare() -> tuple[str, list[str]]:
    """A credential, and more tokens than will be asked about, of sessions that are known."""
    an_issuer()
    an_enforcement_point()
    sessions = [open_session(a_person(f"door-{number}")) for number in range(PEOPLE)]
    needed = CALLS * (ROUNDS + 1)
    tokens = [another_token(sessions[number % PEOPLE]) for number in range(2 * needed)]
    return a_credential(Scope.TOKENS_INTROSPECT), tokens


_claims: dict[uuid.UUID, dict[str, object]] = {}


def another_token(session: Session) -> str:
    """A new one of the same session, as a refresh brings it."""
    if session.pk not in _claims:
        first = token_for(session.user, session)
        _claims[session.pk] = jwt.decode(first, options={"verify_signature": False})
    claims = {**_claims[session.pk], "jti": uuid.uuid4().hex, "exp": int(time.time()) + 3000}
    return jwt.encode(claims, signing_key(), algorithm="ES256", headers={"typ": "at+jwt", "kid": KID})


# --- One connection, one request at a time ----------------------------------------------------------


def one_at_a_time(curfew: int, peer: int, credential: str, tokens: list[str]) -> str:
    ours, theirs = Client(curfew), Client(peer)
    half = len(tokens) // 2
    bearer = {"Authorization": f"Bearer {credential}"}
    calls: dict[str, Call] = {
        "/verdict, token seen before": lambda _number: ours.verdict(tokens[0]),
        "/verdict, token new": lambda number: ours.verdict(tokens[number]),
        "/oauth/introspect, token seen before": lambda _number: ours.introspect(tokens[0], bearer),
        "/oauth/introspect, token new": lambda number: ours.introspect(tokens[half + number], bearer),
        "django-oauth-toolkit, caller by bearer": lambda _number: theirs.ask_peer(
            {"Authorization": f"Bearer {peer_address.CALLER}"}
        ),
    }
    times = in_turns(calls, rounds=ROUNDS, calls=CALLS)
    pair = base64.b64encode(f"{peer_address.CLIENT}:{peer_address.SECRET}".encode()).decode()
    slow = in_turns(
        {
            "django-oauth-toolkit, caller by secret": lambda _number: theirs.ask_peer(
                {"Authorization": f"Basic {pair}"}
            )
        },
        rounds=1,
        calls=SLOW_CALLS,
    )
    return table("One request at a time through granian, one worker", {**times, **slow}, over=list(times)[-1])


class Client:
    """One connection that stays open. Raises where the answer is not the good one."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def get(self, address: str, token: str, *, expected: int) -> None:
        self._connection.request("GET", address, headers={"Authorization": f"Bearer {token}"})
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == expected, answer.status

    def verdict(self, token: str) -> None:
        self.get("/verdict", token, expected=204)

    def introspect(self, token: str, proof: Mapping[str, str]) -> None:
        self._ask("/oauth/introspect", token, proof)

    def ask_peer(self, proof: Mapping[str, str]) -> None:
        self._ask(peer_address.PATH, peer_address.GOOD, proof)

    def _ask(self, address: str, token: str, proof: Mapping[str, str]) -> None:
        self._connection.request("POST", address, urlencode({"token": token}), {**FORM, **proof})
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (answer.status, body)
        assert b'"active": true' in body, body


# --- At a steady rate behind nginx ------------------------------------------------------------------


def behind_nginx(port: int, tokens: list[str]) -> str:
    """Requests come at a fixed rate whether or not the ones before were answered in time."""
    places = {
        "nginx alone, a file": "/alone",
        "auth_request to another nginx": "/other",
        "auth_request to /verdict": "/curfew",
    }
    taken: dict[str, list[float]] = {name: [] for name in places}
    for _turn in range(TURNS):
        for name, address in places.items():
            taken[name] += at_a_rate(port, address, tokens)
    alone = taken["nginx alone, a file"]
    rows = [
        f"{name:<42} {quantile(times, 0.5):>9.0f} {quantile(times, 0.99):>9.0f} "
        f"{quantile(times, 0.5) - quantile(alone, 0.5):>9.0f} {quantile(times, 0.99) - quantile(alone, 0.99):>9.0f}"
        for name, times in taken.items()
    ]
    head = f"{'microseconds':<42} {'p50':>9} {'p99':>9} {'+p50':>9} {'+p99':>9}"
    seconds = TURNS * SECONDS_A_TURN
    title = f"Behind nginx at {RATE_A_SECOND} requests a second, {CONNECTIONS} connections, {seconds} s each in turns"
    return "\n".join([title, head, *rows])


def at_a_rate(port: int, address: str, tokens: list[str]) -> list[float]:
    taken: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    threads = [
        threading.Thread(
            target=_steadily,
            # One after the other, not all at the same moment.
            args=(port, address, tokens[number::CONNECTIONS], taken[number], began + number / RATE_A_SECOND),
        )
        for number in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [value for one in taken for value in one]


def _steadily(port: int, address: str, tokens: list[str], taken: list[float], due: float) -> None:
    client, pause = Client(port), CONNECTIONS / RATE_A_SECOND
    for number in range(int(SECONDS_A_TURN / pause)):
        due += pause
        time.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter()
        client.get(address, tokens[number % len(tokens)], expected=200)
        taken.append((time.perf_counter() - began) * 1_000_000)


# --- As many as it takes ----------------------------------------------------------------------------


def as_many_as_it_takes(port: int) -> str:
    """What one web process adds to what nginx can do, with every signature verified and with none."""
    known = open_session(a_person("door-most"))
    new = (another_token(known) for _ in range(NEW_TOKENS))
    asked = {
        "auth_request to another nginx": asked_for("/other", [another_token(known)]),
        "auth_request to /verdict, seen before": asked_for("/curfew", [another_token(known)]),
        "auth_request to /verdict, every token new": asked_for("/curfew", new),
    }
    most: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(TURNS):
        for name, requests in asked.items():
            share = requests[turn * len(requests) // TURNS :] if len(requests) > 1 else requests
            most[name].append(most_a_second(port, share, ends_with=FILE, seconds=SECONDS_A_TURN))
    base = max(most["auth_request to another nginx"])
    rows = [f"{name:<42} {max(rates):>9.0f} {max(rates) / base:>8.2f}" for name, rates in most.items()]
    title = f"Behind nginx as many as it takes, one worker each, best of {TURNS} turns"
    return "\n".join([title, f"{'requests a second':<42} {'most':>9} {'ratio':>8}", *rows])


# --- Servers ------------------------------------------------------------------------------------------


@contextmanager
def serving(application: str, *, ready: str, folder: Path = ROOT) -> Iterator[int]:
    """This WSGI application behind granian as `manage.py up` starts it, on a port of its own."""
    port = free_port()
    command = [*web_command(port)[:-1], application]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, ready)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=15)


@contextmanager
def running_nginx(curfew: int, *, other: int | None = None) -> Iterator[int]:
    """In front of Curfew and of another nginx that lets everybody in."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as folder:
        Path(folder, "file").write_bytes(FILE)
        configuration = Path(folder, "nginx.conf")
        configuration.write_text(NGINX.format(folder=folder, curfew=curfew, other=other or port, port=port))
        Path(folder).chmod(0o755)
        process = subprocess.Popen(["nginx", "-c", configuration, "-p", folder], stderr=subprocess.DEVNULL)
        try:
            wait_for(port, "/alone")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, address: str, *, seconds: float = 60) -> None:
    """Until anything at all is answered there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", address)
            connection.getresponse()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    sys.exit(f"nothing answers at port {port}")


def table(title: str, times: Mapping[str, Times], *, over: str) -> str:
    """Ratios over the one named: below one is faster."""
    base = times[over].p50
    rows = [
        f"{name:<42} {one.p50:>9.0f} {one.p99:>9.0f} {one.best:>9.0f} {one.p50 / base:>8.2f}"
        for name, one in times.items()
    ]
    head = f"{'microseconds':<42} {'p50':>9} {'p99':>9} {'quiet':>9} {'ratio':>8}"
    return "\n".join([title, head, *rows])
