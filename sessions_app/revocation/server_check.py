"""May this server carry the blacklist? Asked at every start, and again at every beat of the clock."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from sessions_app.blacklist.errors import BlacklistUnavailable
from sessions_app.blacklist.server import ServerState, problems
from sessions_app.models import BlacklistState
from sessions_app.revocation.connections import blacklist_writer


def server_problems() -> list[str]:
    """Why nothing should be started with this server, one sentence each; empty if it may."""
    try:
        return static_problems(blacklist_writer().inspect_server())
    except BlacklistUnavailable as failure:
        return [_("The server does not answer: %s") % failure]


def fatal_problems() -> list[str]:
    """The same for a process that is restarting: a server that is away for a moment must not keep it from coming up."""
    try:
        return static_problems(blacklist_writer().inspect_server())
    except BlacklistUnavailable:
        return []


def static_problems(server: ServerState) -> list[str]:
    """What is wrong with how the server is set up."""
    return problems(server, persistence_asserted=settings.BLACKLIST_PERSISTENCE == "asserted")


def running_problems(server: ServerState, state: BlacklistState) -> list[str]:
    """The same, and whether this very server has evicted anything since we last trusted it."""
    wrong = static_problems(server)
    if server.run_id == state.server_run_id and server.evicted_keys > state.evicted_keys:
        wrong.append(_("The server has evicted keys, so it has forgotten something."))
    return wrong
