"""The forms a file can have."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Form(TextChoices):
    CSV = "csv", _("CSV")
    JSON_LINES = "jsonl", _("JSON Lines")

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self]

    @property
    def extension(self) -> str:
        return self.value


CONTENT_TYPES = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.JSON_LINES: "application/jsonl; charset=utf-8",
}
