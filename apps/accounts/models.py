"""Users, and short-lived security records."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Creates users identified by their email address, which is stored in lower case to prevent duplicates."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        """Create a superuser from the command line.

        The address counts as verified, because the caller controls the machine.
        """
        from allauth.account.models import EmailAddress

        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class Times(models.TextChoices):
    """The time zone in which an account's pages show times."""

    UTC = "utc", "UTC"
    LOCAL = "local", "local time of this browser"


class User(AbstractUser):
    """An advertiser or creator. Staff have access to the admin site."""

    username = None  # type: ignore[assignment]  # replaced by the email address
    email = models.EmailField("email address", unique=True)
    # The database default is for processes that still run an older version, which lacks this field.
    times = models.CharField("time zone", max_length=5, choices=Times, default=Times.UTC, db_default=Times.UTC)

    # The user's own channel, "" for none. It is not verified, so anyone can enter any channel.
    channel_id = models.CharField("own channel", max_length=20, blank=True, default="", db_default="")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        permissions = (("end_sessions", "Can end the sessions of an account"),)


class SecurityRecord(models.Model):
    """A temporary record that protects accounts: failed sign-ins, used one-time codes, rate limits.

    `accounts/security_cache.py` reads and writes these. They are deleted only after they have expired.
    """

    key = models.CharField(primary_key=True, max_length=255)
    value = models.JSONField()
    # None if the record never expires.
    expires_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return self.key
