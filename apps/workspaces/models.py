"""Watchlists, saved searches and notes of an account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from apps.accounts.models import User


class Watchlist(models.Model):
    """An ordered list of channels of an account."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="watchlists")
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)
    # One-click additions go to the most recently used watchlist.
    used_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["owner", "name"], name="watchlist_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Watched(models.Model):
    """A channel on a watchlist, identified by its Twitch id."""

    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="watched")
    channel_id = models.CharField(max_length=20)
    position = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["watchlist", "channel_id"], name="watched_once")
        ]

    def __str__(self) -> str:
        return self.channel_id


class Segment(models.Model):
    """A named, saved search among live channels; `query` is its query string."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2_000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["owner", "name"], name="segment_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """A private note about a channel at a point in time. `at_ms` is in ms since the epoch."""

    TEXT_MAX = 200

    user = models.ForeignKey(User, models.CASCADE, related_name="notes")
    channel_id = models.CharField(max_length=20)
    at_ms = models.BigIntegerField()
    text = models.CharField(max_length=TEXT_MAX)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "channel_id", "at_ms"], name="notes_by_time")]

    def __str__(self) -> str:
        return self.text

    @property
    def at(self) -> datetime:
        """The time of the note, in UTC."""
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)
