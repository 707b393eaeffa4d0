"""Share links, and how far an account has come with its first visit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.accounts.models import User
from apps.workspaces.models import Watchlist


class ShareLink(models.Model):
    """Lets whoever has its address see one thing, and nothing else. `query` is the address of what it shows.

    A widget may stand in frames of other sites; an overlay lies over a video and has no background.
    """

    class Kind(models.TextChoices):
        PAGE = "page", "page"
        WIDGET = "widget", "widget"
        OVERLAY = "overlay", "overlay"

    class View(models.TextChoices):
        CHANNEL = "channel", "channel"
        COMPARE = "compare", "comparison"

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="share_links")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    view = models.CharField(max_length=8, choices=View.choices)
    title = models.CharField(max_length=200)
    query = models.CharField(max_length=1_000)
    password = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    opened = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.title


class FirstVisit(models.Model):
    """How far a new account has come in its first steps, and what it chose there; who has none has no steps to do.

    `seen_at` is None until the first step was opened, `done_at` until the last one was left, or all of them.
    `language` and `category` are names, `band` is a key of core.metrics.bands; "" is any.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="first_visit")
    step = models.PositiveSmallIntegerField(default=1)
    language = models.CharField(max_length=100, blank=True)
    category = models.CharField(max_length=100, blank=True)
    band = models.CharField(max_length=16, blank=True)
    channels = models.JSONField(default=list)
    watchlist = models.ForeignKey(Watchlist, on_delete=models.SET_NULL, null=True)
    begun_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"step {self.step}"
