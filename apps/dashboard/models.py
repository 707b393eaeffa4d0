"""Share links, and the progress of the first visit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.accounts.models import User
from apps.live.search import LANGUAGE_NAME_MAX
from apps.workspaces.models import Watchlist
from core.channels.stream import CATEGORY_MAX


class ShareLink(models.Model):
    """A link that gives access to one view without an account. `query` is the query string of the view.

    Widgets may be embedded in frames on other sites; overlays are placed over a video and have no background. `title`
    and `note` are shown on the page. The `query` of a watchlist contains its id, so the page follows changes to it.
    """

    NOTE_MAX = 300

    class Kind(models.TextChoices):
        PAGE = "page", "page"
        WIDGET = "widget", "widget"
        OVERLAY = "overlay", "overlay"

    class View(models.TextChoices):
        CHANNEL = "channel", "channel"
        COMPARE = "compare", "comparison"
        LIST = "list", "watchlist"

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="share_links")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    view = models.CharField(max_length=8, choices=View.choices)
    title = models.CharField(max_length=200)
    note = models.CharField(max_length=NOTE_MAX, blank=True, default="", db_default="")
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
    """The progress and selections of a new account in the welcome steps; older accounts have none.

    `seen_at` is None until the first step is opened, `done_at` until the steps are completed or skipped.
    `role` is "" until it is chosen. `language` and `category` are names, `band` is a key of core.metrics.bands; ""
    means any.
    """

    class Role(models.TextChoices):
        ADVERTISER = "advertiser", "advertiser"
        CREATOR = "creator", "creator"

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="first_visit")
    role = models.CharField(max_length=16, choices=Role.choices, blank=True, default="", db_default="")
    step = models.PositiveSmallIntegerField(default=1)
    language = models.CharField(max_length=LANGUAGE_NAME_MAX, blank=True)
    category = models.CharField(max_length=CATEGORY_MAX, blank=True)
    band = models.CharField(max_length=16, blank=True)
    channels = models.JSONField(default=list)
    watchlist = models.ForeignKey(Watchlist, on_delete=models.SET_NULL, null=True)
    begun_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"step {self.step}"
