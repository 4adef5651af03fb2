"""Real proxies with exactly the configurations that `manage.py gateway_config` prints."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.live.running import RunningCurfew, eventually, needs

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{server}
}}
"""

# Plays oauth2-proxy: it keeps the token (here in a cookie) and hands it on beside Authorization.
OAUTH2_PROXY = """
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_set_header X-Forwarded-Access-Token $cookie_kept_token;
        proxy_set_header Authorization "";
        proxy_pass http://{guarded};
    }}
}}
"""

HAPROXY = """
global
    lua-load {folder}/curfew.lua
{server}
"""

APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
ServerName localhost
User www-data
Group www-data
{modules}
Define CURFEW_CALLER {caller}
Define CURFEW_CREDENTIAL {credential}
OIDCCABundlePath {folder}/certificate.pem
# Whatever could be cached is: in plain shared memory this module keeps no keys as long as our tokens.
OIDCCacheEncrypt On
OIDCCryptoPassphrase only-for-this-test
{server}
# The TLS that a real Curfew has in front of it: the module calls nothing else.
Listen 127.0.0.1:{tls_port}
<VirtualHost 127.0.0.1:{tls_port}>
    SSLEngine on
    SSLCertificateFile {folder}/certificate.pem
    SSLCertificateKeyFile {folder}/key.pem
    ProxyPass / http://{curfew}/ retry=0 timeout=2
</VirtualHost>
"""
APACHE_MODULES = Path("/usr/lib/apache2/modules")
APACHE_NEEDS = (
    "mpm_event", "authn_core", "authz_core", "authz_user", "headers", "proxy", "proxy_http", "socache_shmcb",
    "ssl", "auth_openidc",
)  # fmt: skip


class Application(BaseHTTPRequestHandler):
    """What is guarded: it says who it believes is asking, and fails when asked to."""

    def do_GET(self) -> None:
        failing = self.path == "/own-failure"
        # As WSGI does: a dash and an underscore are one, and the last one counts.
        told = {name.lower().replace("_", "-"): value for name, value in self.headers.items()}
        body = f"hello {told.get('x-auth-subject', 'nobody')}\n".encode()
        self.send_response(500 if failing else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_OPTIONS = do_POST = do_GET  # noqa: N815 - the names the library looks for

    def log_message(self, *said: object) -> None:
        """Quiet: the test says what happened."""


@dataclass(frozen=True, kw_only=True)
class RunningGateway:
    address: str

    def get(self, token: str, path: str = "/", **headers: str) -> httpx.Response:
        return self.send("GET", path, Authorization=f"Bearer {token}", **headers)

    def send(self, method: str, path: str = "/", **headers: str) -> httpx.Response:
        return httpx.request(method, self.address + path, headers=headers, timeout=8)


Run = Callable[..., AbstractContextManager[RunningGateway]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_application() -> Iterator[str]:
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{application.server_port}"
    finally:
        application.shutdown()
        application.server_close()


@contextmanager
def running_nginx(
    curfew: RunningCurfew, *, asks: str = "", point: str = "default", before: str = ""
) -> Iterator[RunningGateway]:
    """`asks` is where it believes Curfew to be; `before` a server in front of it, on a port of its own."""
    program, port, port_before = needs("nginx"), free_port(), free_port()
    with running_application() as application, _folder() as folder:
        server = printed(curfew, "nginx", point=point, application=application, port=port, curfew_at=asks)
        server += before.format(port=port_before, guarded=f"127.0.0.1:{port}")
        configuration = folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=folder, server=server))
        with _running([program, "-c", configuration, "-p", folder], port, folder):
            yield RunningGateway(address=f"http://127.0.0.1:{port_before if before else port}")


@contextmanager
def running_haproxy(curfew: RunningCurfew, *, asks: str = "") -> Iterator[RunningGateway]:
    program, port = needs("haproxy"), free_port()
    with running_application() as application, _folder() as folder:
        where = {"point": "default", "application": application, "port": port, "curfew_at": asks}
        (folder / "curfew.lua").write_text(printed(curfew, "haproxy", "--lua", **where))
        configuration = folder / "haproxy.cfg"
        configuration.write_text(HAPROXY.format(folder=folder, server=printed(curfew, "haproxy", **where)))
        with _running([program, "-db", "-f", configuration], port, folder):
            yield RunningGateway(address=f"http://127.0.0.1:{port}")


@contextmanager
def running_apache(curfew: RunningCurfew, *, asks: str = "") -> Iterator[RunningGateway]:
    program, port, tls_port = needs("apache2"), free_port(), free_port()
    with running_application() as application, _folder() as folder:
        server = printed(
            curfew, "apache", f"--introspection=https://localhost:{tls_port}/oauth/introspect",
            point="default", application=application, port=port, curfew_at=asks,
        )  # fmt: skip
        _make_certificate(folder)
        credential = _credential(curfew)
        configuration = folder / "apache.conf"
        configuration.write_text(
            APACHE.format(
                folder=folder,
                server=server,
                modules="\n".join(
                    f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in APACHE_NEEDS
                ),
                caller="_".join(credential.split("_")[:2]),
                credential=credential,
                tls_port=tls_port,
                curfew=asks or f"127.0.0.1:{curfew.port}",
            )
        )
        with _running([program, "-DFOREGROUND", "-f", configuration], port, folder):
            yield RunningGateway(address=f"http://127.0.0.1:{port}")


def printed(
    curfew: RunningCurfew, server: str, *more: str, point: str, application: str, port: int, curfew_at: str
) -> str:
    return curfew.manage(
        "gateway_config", f"--server={server}", f"--point={point}", f"--application={application}",
        f"--listen=127.0.0.1:{port}", f"--curfew={curfew_at}", *more,
    )  # fmt: skip


@cache
def _credential(curfew: RunningCurfew) -> str:
    """One for all, once Curfew, which keeps them in memory for a few seconds, knows it."""
    made = curfew.manage("credential", "create", "Apache", "--scope", "tokens:introspect").split()[-1]

    def is_known() -> bool:
        time.sleep(0.5)  # twenty failures within a minute and it would be too many
        answer = httpx.post(
            f"{curfew.address}/oauth/introspect",
            headers={"Authorization": f"Bearer {made}"},
            data={"token": "x"},
        )
        return answer.status_code == 200

    assert eventually(is_known)
    return made


def _make_certificate(folder: Path) -> None:
    subprocess.run(
        [
            needs("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", folder / "key.pem", "-out", folder / "certificate.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


@contextmanager
def _folder() -> Iterator[Path]:
    """One that the user a server works as may look into."""
    with tempfile.TemporaryDirectory(prefix="gateway-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def _running(command: list[str | Path], port: int, folder: Path) -> Iterator[None]:
    said = folder / "said.log"
    with said.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        assert eventually(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, said.read_text()
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def somebody_silent() -> Iterator[str]:
    """host:port that takes connections and never says a word: a Curfew that hangs."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0), backlog=16)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def nobody() -> str:
    """host:port at which nothing listens: a Curfew that was killed."""
    return f"127.0.0.1:{free_port()}"
