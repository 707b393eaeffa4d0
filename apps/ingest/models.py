"""Daily keys for hashing user ids."""

from __future__ import annotations

from django.db import models


class HashKey(models.Model):
    """The random key of one UTC day, created on first use and deleted after 48 h."""

    day = models.DateField(primary_key=True)
    key = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"hash key of {self.day:%Y-%m-%d}"
