"""Lease: which process may do a thing that only one may do, with a fencing number that only grows."""

from django.db import models


class Lease(models.Model):
    name = models.CharField(max_length=50, primary_key=True)
    holder = models.CharField(max_length=100, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField()
    renewed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} lease"
