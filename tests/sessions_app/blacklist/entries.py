"""What the engine would have published about Ines, written straight to the blacklist."""

from sessions_app.blacklist.values import SessionValue, TokenValue, UserValue
from sessions_app.blacklist.writer import BlacklistWriter, Entry
from tests.sessions_app.blacklist.issuer import NOW_MS, REALM

KINDS = {UserValue: "user", SessionValue: "session", TokenValue: "token"}


def end_session(writer: BlacklistWriter, sid: str = "session-1", *, why: str = "") -> None:
    publish(writer, SessionValue(1, "CF-A", why), sid)


def publish(
    writer: BlacklistWriter,
    value: UserValue | SessionValue | TokenValue,
    ident: str = "",
    *,
    realm: str = REALM,
) -> None:
    entry = Entry(
        kind=KINDS[type(value)],  # type: ignore[arg-type] # one of three
        realm=realm,
        person="ines",
        ident=ident,
        value=value,
        expires_at_ms=NOW_MS + 3_600_000,
    )
    writer.publish([entry])
