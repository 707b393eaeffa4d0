"""API keys, plans with rate limits, and usage."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """Rate limits. Accounts without a membership have the default plan."""

    name = models.CharField(max_length=40, unique=True)
    requests_per_second = models.PositiveIntegerField(
        default=20, validators=[MinValueValidator(1)], help_text="per key"
    )
    burst = models.PositiveIntegerField(default=60, validators=[MinValueValidator(1)], help_text="burst size per key")
    requests_per_day = models.PositiveIntegerField(
        default=500_000,
        validators=[MinValueValidator(1)],
        help_text="across all keys of an account, from midnight to midnight UTC",
    )
    streams = models.PositiveIntegerField(default=5, help_text="concurrent, across all keys of an account")
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_plan")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Assigns a plan other than the default to an account."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="memberships")

    def __str__(self) -> str:
        return f"{self.owner}: {self.plan}"


class ApiKey(models.Model):
    """An account's API key. Only a digest of the secret and its visible `prefix` are stored."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    # The successor; both keys are valid until this one expires.
    replaced_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class Usage(models.Model):
    """A key's requests in the hour that begins at `hour`. `requests` includes `errors` and `limited`."""

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
