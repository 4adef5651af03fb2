"""A real nginx with exactly the configuration that `manage.py gateway_config` prints."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.live.running import RunningCurfew, eventually

AROUND = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{server}
}}
"""


class Application(BaseHTTPRequestHandler):
    """What nginx guards: it says who it believes is asking, and fails when asked to."""

    def do_GET(self) -> None:
        failing = self.path == "/own-failure"
        body = f"hello {self.headers.get('X-Auth-Subject', 'nobody')}\n".encode()
        self.send_response(500 if failing else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Quiet: the test says what happened."""


@dataclass(frozen=True, kw_only=True)
class RunningNginx:
    address: str

    def get(self, token: str, path: str = "/", **headers: str) -> httpx.Response:
        return httpx.get(
            self.address + path, headers={"Authorization": f"Bearer {token}", **headers}, timeout=5
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_nginx(curfew: RunningCurfew) -> Iterator[RunningNginx]:
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    port = free_port()
    server = curfew.manage(
        "gateway_config",
        f"--application=http://127.0.0.1:{application.server_port}",
        f"--listen=127.0.0.1:{port}",
    )
    with tempfile.TemporaryDirectory(prefix="nginx-") as folder:
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(AROUND.format(folder=folder, server=server))
        process = subprocess.Popen(["nginx", "-c", configuration, "-p", folder], stderr=subprocess.DEVNULL)
        try:
            assert eventually(lambda: _listens(port))
            yield RunningNginx(address=f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=10)
            application.shutdown()
            application.server_close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
