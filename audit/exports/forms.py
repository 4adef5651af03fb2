"""The forms a file can have."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Form(TextChoices):
    CSV = "csv", _("CSV")
    JSON_LINES = "jsonl", _("JSON Lines")
    BUNDLE = "bundle", _("Signed bundle")

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self]

    @property
    def extension(self) -> str:
        return EXTENSIONS.get(self, self.value)

    @property
    def takes_long(self) -> bool:
        """Whatever is asked for: a bundle proves its place in the whole trail, so it reads every link of it."""
        return self is Form.BUNDLE


CONTENT_TYPES = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.JSON_LINES: "application/jsonl; charset=utf-8",
    Form.BUNDLE: "application/zip",
}
EXTENSIONS = {Form.BUNDLE: "zip"}
