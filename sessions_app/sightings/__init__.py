"""How live sessions become known."""
