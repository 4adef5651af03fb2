"""Enforcement points as the hot path needs them, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

DEFAULT_POINT = "default"


@dataclass(frozen=True, kw_only=True)
class Point:
    """Without audiences, those of the issuer decide. `token_key` is a WSGI name, of the header beside Authorization."""

    name: str
    audiences: frozenset[str] = frozenset()
    token_key: str = ""
    only_observes: bool = False


Points = Callable[[], Mapping[str, Point]]


def points_from_sql() -> dict[str, Point]:
    """Every registered point by name."""
    from sessions_app.models import EnforcementPoint
    from sessions_app.models.enforcement_points import PointMode

    return {
        row.name: Point(
            name=row.name,
            audiences=frozenset(row.audiences),
            token_key="HTTP_" + row.token_header.upper().replace("-", "_") if row.token_header else "",
            only_observes=row.mode == PointMode.OBSERVE,
        )
        for row in EnforcementPoint.objects.all()
    }
