"""The channels we know and the keys user ids are hashed with."""

from __future__ import annotations

from django.db import models


class Channel(models.Model):
    """A Twitch channel that was among the wanted ones. `id` is Twitch's, stable when the login changes."""

    id = models.CharField("Twitch id", primary_key=True, max_length=20)
    login = models.CharField(max_length=64, db_index=True)
    name = models.CharField("display name", max_length=64)
    category = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=16, blank=True)
    title = models.CharField(max_length=500, blank=True)
    viewers = models.PositiveIntegerField("viewers when last seen", default=0)
    last_seen_at = models.DateTimeField("last seen live", db_index=True)

    class Meta:
        ordering = ["-last_seen_at", "-viewers"]

    def __str__(self) -> str:
        return self.login


class HashKey(models.Model):
    """The random key of one UTC day, made by whoever needs it first and deleted after 48 h."""

    day = models.DateField(primary_key=True)
    key = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"hash key of {self.day:%Y-%m-%d}"
