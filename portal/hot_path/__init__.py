"""/verdict and introspection before Django: no middleware, no database on the way. Also servable on its own."""

from portal.hot_path.application import HotPath
from portal.hot_path.points import Point, points_from_sql

__all__ = ["HotPath", "Point", "points_from_sql"]
