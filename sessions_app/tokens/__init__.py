"""Whose tokens are accepted, and how they are read."""
