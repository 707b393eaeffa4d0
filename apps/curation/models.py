"""Opt-outs, known bots, and the requests that curators decide on."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from apps.channels.models import valid_id, valid_login


class OptOut(models.Model):
    """An opt-out of a channel, or of a user in all channels. The producer drops the messages concerned."""

    class Kind(models.TextChoices):
        CHANNEL = "channel", "channel"
        USER = "user", "user"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    twitch_id = models.CharField("Twitch ID", max_length=20, validators=[valid_id])
    login = models.CharField(max_length=64, blank=True)
    note = models.CharField(
        max_length=200, blank=True, help_text="Who requested it and when. Visible to curators only."
    )
    created_at = models.DateTimeField("added", auto_now_add=True)
    # Time at which the request to erase a channel was sent to history. History has no data about users.
    told_at = models.DateTimeField("sent to history", null=True, editable=False)

    class Meta:
        verbose_name = "opt-out"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "twitch_id"],
                name="opt_out_once",
                violation_error_message="This account has already opted out.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.login or self.twitch_id}"

    @property
    def event(self) -> str:
        """The id of the opt-out on `channel-events`."""
        return f"opt-out-{self.pk}"


class OptOutRequest(models.Model):
    """An opt-out request whose author's identity Twitch has not confirmed.

    `contact` and `note` are deleted once a curator has decided.
    """

    class State(models.TextChoices):
        OPEN = "open", "pending"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"

    kind = models.CharField(max_length=8, choices=OptOut.Kind.choices)
    login = models.CharField(max_length=25, validators=[valid_login])
    contact = models.EmailField("email address", blank=True)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField("requested", auto_now_add=True)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)

    class Meta:
        verbose_name = "request to opt out"
        verbose_name_plural = "requests to opt out"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "login"], condition=Q(closed_at=None), name="one_open_opt_out_request"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.login}"


class Bot(models.Model):
    """A chat bot, whose messages are counted separately unless `is_counted_out` is unset."""

    login = models.CharField(max_length=64, unique=True, validators=[valid_login])
    note = models.CharField(max_length=200, blank=True)
    is_counted_out = models.BooleanField(
        "counted separately", default=True, help_text="If unchecked, its messages count like anyone else's."
    )

    class Meta:
        ordering = ["login"]

    def __str__(self) -> str:
        return self.login


class CurationRequest(models.Model):
    """A user's request to track a channel. Curators answer it on the admin site."""

    class State(models.TextChoices):
        OPEN = "open", "pending"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name="requested by")
    login = models.CharField(
        "channel",
        max_length=25,
        validators=[
            RegexValidator(r"^[a-z0-9_]{1,25}\Z", "A channel's login contains letters, digits and underscores.")
        ],
    )
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField("requested", auto_now_add=True)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    # The database defaults are for processes that still run an older version, which lacks these fields.
    state = models.CharField(max_length=9, choices=State, default=State.OPEN, db_default=State.OPEN)
    answer = models.CharField(max_length=200, blank=True, default="", db_default="")
    audit_name = "curation request"

    class Meta:
        verbose_name = "channel request"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "login"], condition=Q(closed_at=None), name="one_open_request_a_user_and_channel"
            )
        ]

    def __str__(self) -> str:
        return self.login
