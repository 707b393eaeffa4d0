"""Who may ask the API, for what, how often, and how often they did."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """How much an account may ask for. The default one is that of every account without a membership."""

    name = models.CharField(max_length=40, unique=True)
    requests_per_second = models.PositiveIntegerField(
        default=20, validators=[MinValueValidator(1)], help_text="by one key"
    )
    burst = models.PositiveIntegerField(default=60, validators=[MinValueValidator(1)], help_text="at once, by one key")
    requests_per_day = models.PositiveIntegerField(
        default=500_000,
        validators=[MinValueValidator(1)],
        help_text="by all keys of an account, from midnight to midnight UTC",
    )
    streams = models.PositiveIntegerField(default=5, help_text="open at the same time, by all keys of an account")
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_plan")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """The plan of an account that has not the default one."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="memberships")

    def __str__(self) -> str:
        return f"{self.owner}: {self.plan}"


class ApiKey(models.Model):
    """A key of an account. What is kept of the key itself is its digest, and `prefix`, by which people tell it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    # The key that took its place; both are good until this one expires.
    replaced_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class Usage(models.Model):
    """What a key asked for within an hour that begins at `hour`. `errors` and `limited` are among the requests."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="usage")
    hour = models.DateTimeField()
    requests = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)
    limited = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key", "hour"], name="usage_once_an_hour")
        ]

    def __str__(self) -> str:
        return f"{self.key_id} {self.hour:%Y-%m-%d %H}"
