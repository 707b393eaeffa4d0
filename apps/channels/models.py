"""Twitch channels: identity, last seen state and the curators' decision."""

from __future__ import annotations

import datetime as dt

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from core.channels.stream import CATEGORY_MAX, LANGUAGE_MAX, NAME_MAX, TITLE_MAX

valid_id = RegexValidator(r"^[0-9]{1,20}\Z", "A Twitch ID has up to 20 digits.")
valid_login = RegexValidator(r"^[a-z0-9_]{1,64}\Z", "A login contains lowercase letters, digits and underscores.")

REASON_MAX = 100


class Tag(models.Model):
    """A tag that curators give to channels."""

    name = models.CharField(max_length=30, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    """A Twitch channel that was on the channel list or is curated. `id` is Twitch's id, which survives a rename.

    The refresh of the channel list writes all fields except the curators', once a minute.
    """

    id = models.CharField("Twitch ID", primary_key=True, max_length=20, validators=[valid_id])
    login = models.CharField(max_length=64, db_index=True)
    name = models.CharField("display name", max_length=NAME_MAX)
    category = models.CharField(max_length=CATEGORY_MAX, blank=True)
    language = models.CharField(max_length=LANGUAGE_MAX, blank=True)
    title = models.CharField(max_length=TITLE_MAX, blank=True)
    # Earlier values of the fields above in this broadcast. Stale responses from Twitch may still contain them.
    previous_texts = models.JSONField(null=True, blank=True)
    viewers = models.PositiveIntegerField("viewers when last seen", default=0)
    viewers_raw = models.PositiveIntegerField(
        "viewers as reported by Helix", default=0, help_text="Pages ignore a drop to 0 or 1 for a single minute."
    )
    last_seen_at = models.DateTimeField("last seen live", null=True, blank=True, db_index=True)
    started_at = models.DateTimeField("stream started", null=True, blank=True)
    offline_since = models.DateTimeField("offline since", null=True, blank=True)
    # The reported end of the broadcast. It is cleared if the broadcast resumes.
    ended_at = models.DateTimeField("stream ended", null=True, blank=True)
    is_wanted = models.BooleanField("on the channel list", default=False, db_index=True)

    pinned = models.BooleanField(
        default=False, db_index=True, help_text="Always tracked, regardless of rank. Takes effect within 30 s."
    )
    blocked = models.BooleanField(
        default=False,
        db_index=True,
        help_text="No longer tracked or found in search. Takes effect within 30 s. Existing history is kept.",
    )
    # The database default is for processes that still run an older version, which lacks this field.
    reason = models.CharField(
        max_length=REASON_MAX, blank=True, default="", db_default="", help_text="Reason for the pin or block."
    )
    decided_until = models.DateTimeField(
        "until", null=True, blank=True, help_text="When the pin or block expires, in UTC. If empty, it never expires."
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="channels")
    note = models.CharField(max_length=200, blank=True, help_text="Visible to curators only.")

    class Meta:
        ordering = [F("last_seen_at").desc(nulls_last=True), "-viewers"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(pinned=True, blocked=True),
                name="channel_pinned_or_blocked",
                violation_error_message="A channel cannot be both pinned and blocked.",
            )
        ]

    def __str__(self) -> str:
        return self.login

    @property
    def reported_end(self) -> dt.datetime | None:
        """The reported end of the broadcast that began at `started_at`, or None while it is live.

        Older versions do not clear `ended_at`, so it may be the end of an earlier broadcast.
        """
        belongs_to_broadcast = self.ended_at and self.started_at and self.ended_at >= self.started_at
        return self.ended_at if belongs_to_broadcast else None


class FormerLogin(models.Model):
    """A former login of a channel that was renamed on Twitch."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="former_logins")
    login = models.CharField(max_length=64, db_index=True)
    left_at = models.DateTimeField("change detected", auto_now_add=True)

    class Meta:
        ordering = ["-left_at"]
        constraints = [models.UniqueConstraint(fields=["channel", "login"], name="former_login_once")]

    def __str__(self) -> str:
        return self.login
