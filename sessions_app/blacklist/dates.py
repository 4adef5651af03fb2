"""Moments in tokens: whole seconds, and the several ways `project_end_date` may be written."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Final

from .errors import InvalidToken

# The end of the year 9999. A date beyond it is milliseconds mistaken for seconds, or an attack.
LATEST_SECOND: Final = 253_402_300_799

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BARE_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def whole_seconds(name: str, value: object) -> int:
    """A NumericDate as we demand it where an expiry depends on it: an integer, in this era."""
    if type(value) is not int:
        raise InvalidToken("claim_type", f"{name} is not a whole number")
    if not 0 <= value <= LATEST_SECOND:
        raise InvalidToken("claim_range", f"{name} is not a moment before the year 10000")
    return value


def project_end_ms(value: object) -> int:
    """When a project's access is over: a NumericDate, a date-time with its offset, or a bare date.

    A bare date means the end of that day in UTC. Anything else raises InvalidToken: a date that we
    cannot read must not mean "no end".
    """
    try:
        if isinstance(value, str):
            return _text_ms(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number_ms(value)
    except (ValueError, OverflowError) as error:
        raise InvalidToken("project_end_date", "not a date that exists") from error
    raise InvalidToken("project_end_date", "not a NumericDate, date-time with offset, or date")


def _number_ms(value: float) -> int:
    if not (isfinite(value) and 0 <= value <= LATEST_SECOND):
        raise ValueError(value)
    return int(value * 1000)


def _text_ms(value: str) -> int:
    if _BARE_DATE.fullmatch(value):
        midnight = datetime.combine(date.fromisoformat(value), datetime.min.time(), tzinfo=UTC)
        return _since_epoch_ms(midnight + timedelta(days=1))
    if _DATE_TIME.fullmatch(value):
        return _since_epoch_ms(datetime.fromisoformat(value))
    raise ValueError(value)


def _since_epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
