"""The one clock that decides: the database's, in integer milliseconds where it leaves SQL."""

from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone


def database_now() -> datetime:
    """The moment by the database's clock, aware, in UTC.

    On PostgreSQL this is the wall clock (`clock_timestamp()`), not the start of the transaction, so a value
    read after a lock was taken is later than whatever the lock waited for. SQLite is this machine.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))


def to_milliseconds(moment: datetime) -> int:
    """Integer milliseconds since 1970, cut (not rounded) below a millisecond, without passing through a float."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def from_milliseconds(milliseconds: int) -> datetime:
    """The moment of `to_milliseconds`, exact to the millisecond."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)
