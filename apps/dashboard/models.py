"""Who may sign in, and what belongs to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes users known by their e-mail address, kept in lower case so that one person is one user."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        """Make one from the command line, whose address counts as verified: whoever sits there has the machine."""
        from allauth.account.models import EmailAddress

        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class Times(models.TextChoices):
    """The zone that an account's pages show times in."""

    UTC = "utc", "UTC"
    LOCAL = "local", "local time of this browser"


class User(AbstractUser):
    """An advertiser or creator; staff may enter the admin."""

    username = None  # type: ignore[assignment]  # the e-mail address takes its place
    email = models.EmailField("e-mail address", unique=True)
    # The database fills it in for a process that does not know of it yet.
    times = models.CharField("times are shown in", max_length=5, choices=Times, default=Times.UTC, db_default=Times.UTC)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        permissions = (("end_sessions", "Can end the sessions of an account"),)


class Watchlist(models.Model):
    """Channels that an account keeps together, in an order of its own."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="watchlists")
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)
    # The one that a channel is added to with one click is the one used last.
    used_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["owner", "name"], name="watchlist_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Watched(models.Model):
    """A channel on a watchlist, by Twitch's id."""

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


class Note(models.Model):
    """What somebody wrote down about a moment of a channel, for themselves. `at_ms` is in ms since the epoch."""

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
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)


class CurationRequest(models.Model):
    """Somebody would like a channel to be followed that is not. Curators answer it in the admin site."""

    class State(models.TextChoices):
        OPEN = "open", "not decided yet"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"

    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name="asked by")
    login = models.CharField(
        "channel",
        max_length=25,
        validators=[
            RegexValidator(r"^[a-z0-9_]{1,25}\Z", "A channel's login is made of letters, digits and underscores.")
        ],
    )
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField("asked", auto_now_add=True)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    # The database fills them in for a process that does not know of them yet.
    state = models.CharField(max_length=9, choices=State, default=State.OPEN, db_default=State.OPEN)
    answer = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "login"], condition=Q(closed_at=None), name="one_open_request_a_user_and_channel"
            )
        ]

    def __str__(self) -> str:
        return self.login


class Segment(models.Model):
    """A search among live channels that an account keeps under a name; `query` is as its address has it."""

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


class SecurityRecord(models.Model):
    """Something that protects accounts for a time: failed sign-ins, used one-time codes, rate limits.

    `accounts/security_cache.py` reads and writes these; they are deleted when they have expired, and never before.
    """

    key = models.CharField(primary_key=True, max_length=255)
    value = models.JSONField()
    # None: never.
    expires_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return self.key


class Looks(models.Model):
    """What was seen of the whole in a span that begins at `start_ms`: see core/ops/health.py.

    `looks` is how often somebody looked, `covered` how often the coverage was known, whose sum is `coverage_sum`;
    `troubled` in how many of them an incident touched live figures. The first and the last were at `first_ms` and
    `last_ms`.
    """

    start_ms = models.BigIntegerField(primary_key=True)
    looks = models.PositiveIntegerField(default=0)
    covered = models.PositiveIntegerField(default=0)
    coverage_sum = models.FloatField(default=0.0)
    troubled = models.PositiveIntegerField(default=0)
    first_ms = models.BigIntegerField(default=0)
    last_ms = models.BigIntegerField(default=0)

    class Meta:
        abstract = True
        ordering: ClassVar[list[str]] = ["start_ms"]


class StatusMinute(Looks):
    """A minute, kept for a day."""

    def __str__(self) -> str:
        return f"minute {self.start_ms}"


class StatusDay(Looks):
    """A day in UTC, kept for longer than a year."""

    def __str__(self) -> str:
        return f"day {self.start_ms}"


class Incident(models.Model):
    """Something that was wrong, by a rule of core/ops/health.py, from `began_ms` until `ended_ms`; None while it lasts.

    One that is not sure has not lasted for long enough to count, and is forgotten if it ends before.
    """

    rule = models.CharField(max_length=20)
    began_ms = models.BigIntegerField(db_index=True)
    ended_ms = models.BigIntegerField(null=True)
    cause = models.CharField(max_length=200)
    is_sure = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["-began_ms"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule"], condition=Q(ended_ms=None), name="incident_open_once")
        ]

    def __str__(self) -> str:
        return self.cause
