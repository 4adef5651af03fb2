"""Starts everything a Curfew needs on one machine, keeps it running, and stops all of it."""

import http.client
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from portal import environment
from portal.demo.company import write_guard_configuration
from portal.starting import announcement, embedded_redis, launch, preparation, start_lock
from portal.starting.ports import free_port
from portal.starting.processes import Child, Program, last_lines, stop
from portal.starting.source_changes import SourceChanges
from portal.starting.stop_request import StopRequest, StopRequested
from sessions_app.revocation.server_check import server_problems

Say = Callable[[str], None]

ANSWER_SECONDS = 60
READY_SECONDS = 30
STOP_SECONDS = 5
BLOCKING_THREADS = 8


class StartFailed(Exception):
    """Something did not come up. The message says what, and what its log ended with."""


@dataclass(kw_only=True)
class Start:
    """One run of `up`: where it answers, what it has started, how it talks to the terminal."""

    folder: Path
    port: int
    sample_port: int
    dashboard_port: int
    say: Say
    stop_request: StopRequest
    redis: list[Child] = field(default_factory=list)
    services: list[Child] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every child sees: ours, with the ports that were really taken."""
        return os.environ | {
            "PORT": str(self.port),
            "SAMPLE_PORT": str(self.sample_port),
            "DASHBOARD_PORT": str(self.dashboard_port),
            "CURFEW_ADDRESS": settings.BASE_URL,
            "GUARD_CONFIG": str(self.folder / "guard.json"),
            "PYTHONUNBUFFERED": "1",
        }

    def child(self, name: str, *command: str) -> Child:
        """A child process of this start, not running yet."""
        log = self.folder / "logs" / f"{name}.log"
        program = Program(name=name, command=command, log=log)
        return Child(program=program, environment=self.environment)


def run(*, say: Say, reload: bool) -> None:
    """Start everything, keep it running until asked to stop, then stop all of it.

    1. Hold the data folder. 2. Redis, checked. 3. Tables, static files, demo company. 4. Web, clock, sample
    service. 5. Say where. 6. Restart what dies. 7. Stop in reverse order, also after a failure in 2 to 6.

    Raises AlreadyRunning, StartFailed and the errors of the parts, with everything stopped again.
    """
    began = time.monotonic()
    os.umask(
        0o077
    )  # whatever lies in the data folder, in one that was there before too, is this user's alone
    folder = Path(settings.DATA_DIR)
    stop_request = StopRequest()
    stop_request.listen()
    with start_lock.held(folder) as lock:
        start = plan(folder, say, stop_request)
        try:
            bring_up(start, lock, began)
            keep_running(start, SourceChanges(Path(settings.BASE_DIR)) if reload else None)
        except StopRequested:
            say(_("Stopping."))
        finally:
            stop(start.services, within_seconds=STOP_SECONDS, hurry=stop_request.is_urgent)
            stop(start.redis, within_seconds=STOP_SECONDS, hurry=stop_request.is_urgent)


def plan(folder: Path, say: Say, stop_request: StopRequest) -> Start:
    """Choose the ports, saying so where the wanted one is taken."""
    port = free_port(settings.PORT)
    if port != settings.PORT:
        say(_("Port %(wanted)s is taken; using %(port)s.") % {"wanted": settings.PORT, "port": port})
    if not environment.text("BASE_URL"):
        # What is written down at the start (the issuer's name) must be where it is really reached.
        settings.BASE_URL = f"http://localhost:{port}"
    sample_port = free_port(port + 1)
    return Start(
        folder=folder,
        port=port,
        sample_port=sample_port,
        dashboard_port=free_port(sample_port + 1),
        say=say,
        stop_request=stop_request,
    )


def bring_up(start: Start, lock: IO[str], began: float) -> None:
    """Steps 2 to 5. Returns when the portal answers."""
    if embedded_redis.url(start.folder) == settings.REDIS_URL:
        start_embedded_redis(start, embedded_redis.BLACKLIST)
    if embedded_redis.url(start.folder, embedded_redis.BROKER) == settings.BROKER_URL:
        start_embedded_redis(start, embedded_redis.BROKER)
    check_redis()
    prepare(start)
    launch.remember_start(start.environment, start.folder)
    start_services(start)
    wait_until_answering(start)
    start_lock.note(lock, start.address)
    parts = wait_until_ready(start)
    start_worker(start)
    for line in announcement.lines(
        start.address, (start.sample_port, start.dashboard_port), time.monotonic() - began, parts
    ):
        start.say(line)


def start_embedded_redis(start: Start, role: str) -> None:
    """Start our own server for this and wait until it has read its files. Raises StartFailed."""
    socket_file = embedded_redis.socket_path(start.folder, role)
    if embedded_redis.stop_left_over(socket_file):
        start.say(_("Ended a Redis server left over from an earlier start."))
    binary = embedded_redis.server_binary()
    name = "redis" if role == embedded_redis.BLACKLIST else role
    child = start.child(name, *embedded_redis.server_command(binary, start.folder, role))
    child.start()
    start.redis.append(child)
    wait_for(start, lambda: embedded_redis.answers(socket_file), ANSWER_SECONDS)


def check_redis() -> None:
    """Raises StartFailed with every reason why the server cannot hold a blacklist."""
    found = server_problems()
    if found:
        raise StartFailed("\n".join([_("The Redis server cannot be used:"), *found]))


def prepare(start: Start) -> None:
    """Tables, static files and, the first time in DEMO, the demo company."""
    preparation.prepare_database()
    start.stop_request.check()
    preparation.collect_static_files()
    start.stop_request.check()
    if settings.DEMO:
        prepare_demo(start)
    preparation.let_go_of_database()
    start.stop_request.check()


def prepare_demo(start: Start) -> None:
    """The company, the first time; what the sample service trusts, every time."""
    if preparation.is_first_start():
        load_demo_company(start)
    write_guard_configuration()


def load_demo_company(start: Start) -> None:
    """In a process of its own, which sees the ports that were really taken. Raises StartFailed."""
    start.say(_("Loading the demo company."))
    loading = start.child("demo", *manage_command("demo"))
    loading.start()
    try:
        while loading.exit_code is None:
            start.stop_request.pause(0.05)
    finally:
        stop([loading], within_seconds=STOP_SECONDS, hurry=start.stop_request.is_urgent)
    if loading.exit_code:
        raise StartFailed(epitaph(loading))


def start_services(start: Start) -> None:
    """Web, clock and, in DEMO, the protected sample service and the sample dashboard."""
    start.services.append(start.child("web", *web_command(start.port)))
    start.services.append(start.child("clock", *manage_command("clock")))
    if settings.DEMO:
        start.services.append(start.child("sample", sys.executable, "-m", "portal.sample_service"))
        start.services.append(start.child("dashboard", sys.executable, "-m", "portal.sample_dashboard"))
    for child in start.services:
        child.start()


def start_worker(start: Start) -> None:
    """Once everything answers: nobody waits for it, and it takes a second to come up."""
    if settings.BROKER_URL:
        worker = start.child("worker", *manage_command("worker"))
        start.services.append(worker)
        worker.start()


def manage_command(name: str) -> tuple[str, ...]:
    return (sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), name)


def web_command(port: int) -> tuple[str, ...]:
    """The web server, reachable from this machine only; a proxy in front of it speaks to the world."""
    options = {
        "interface": "wsgi",
        "host": "127.0.0.1",
        "port": str(port),
        "workers": str(environment.number("WEB_WORKERS", 1)),
        "blocking-threads": str(BLOCKING_THREADS),
        "workers-kill-timeout": "3",
    }
    words = (word for name, value in options.items() for word in (f"--{name}", value))
    flags = ("--no-access-log", "--no-ws", "--respawn-failed-workers")
    return (sys.executable, "-m", "granian", *words, *flags, "portal.wsgi:application")


def wait_until_answering(start: Start) -> None:
    """Return when /healthz says 200. Raises StartFailed if a child dies meanwhile, or after a minute."""
    wait_for(start, lambda: ask(start.port, "/healthz")[0] == http.HTTPStatus.OK, ANSWER_SECONDS)


def wait_until_ready(start: Start) -> list[str]:
    """The parts that /readyz still calls not ok after half a minute; none as soon as it is content."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        status, body = ask(start.port, "/readyz")
        if status == http.HTTPStatus.OK:
            return []
        if time.monotonic() > deadline:
            return [name for name, word in json.loads(body or "{}").items() if word != "ok"]
        raise_if_dead(start)
        start.stop_request.pause(0.1)


def wait_for(start: Start, is_there: Callable[[], bool], seconds: float) -> None:
    """Ask until it is there. Raises StartFailed where a child died, or the time is over."""
    deadline = time.monotonic() + seconds
    while not is_there():
        raise_if_dead(start)
        if time.monotonic() > deadline:
            raise StartFailed(_("The start took too long. See the logs in %s.") % (start.folder / "logs"))
        start.stop_request.pause(0.05)


def raise_if_dead(start: Start) -> None:
    """Raises StartFailed with the last words of the first child that is no longer running."""
    for child in [*start.redis, *start.services]:
        if child.exit_code is not None:
            raise StartFailed(epitaph(child))


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and body of a GET to ourselves; 0 where nobody answers. Named as the proxy would name us."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path, headers={"Host": urlsplit(settings.BASE_URL).netloc})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def keep_running(start: Start, changes: SourceChanges | None) -> None:
    """Start again what dies, and everything but Redis when a source file changed. Ends by StopRequested."""
    while True:
        start.stop_request.pause(0.25)
        for child in [*start.redis, *start.services]:
            revive(child, start.say)
        if changes is not None and changes.seen():
            start.say(_("The source changed: restarting."))
            stop(start.services, within_seconds=STOP_SECONDS, hurry=start.stop_request.is_urgent)
            for child in start.services:
                child.start()


def revive(child: Child, say: Say) -> None:
    """Start a dead child again, later each time it dies early."""
    if child.due_at is not None and time.monotonic() >= child.due_at:
        child.start()
    elif child.due_at is None and child.exit_code is not None:
        words = epitaph(child)
        delay = child.plan_restart()
        say(words + "\n" + _("Starting it again in %d s.") % delay)


def epitaph(child: Child) -> str:
    """How a child ended, and the end of its log."""
    said = _("%(name)s stopped (exit code %(code)s). %(log)s ends with:") % {
        "name": child.program.name,
        "code": child.exit_code,
        "log": child.program.log,
    }
    return "\n".join([said, last_lines(child.program.log) or _("  (nothing)")])
