"""Realm: a family of issuers that name people alike."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Realm(models.Model):
    """Its `key` goes into every blacklist key of its people, so it never changes after the first session."""

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
