"""Audit log: append-only rows about staff decisions and erasures.

Database triggers also prevent changes, so that neither a shell nor another program can change a row. A migration that
rebuilds one of the tables must create its triggers again; a test checks that they exist.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

from core.errors import TwitchlyError


class AppendOnlyError(TwitchlyError):
    """An attempt to change or delete an append-only row."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that can only be added and read."""

    def update(self, **_values: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are never changed")

    def delete(self) -> NoReturn:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are never deleted")


class _AppendOnlyModel(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name_plural} are never changed")
        super().save(*args, **options)

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        raise AppendOnlyError(f"{self._meta.verbose_name_plural} are never deleted")


class Act(_AppendOnlyModel):
    """One audit log entry: who did what to which object, with the changed values before and after.

    `by` is text, not a reference, so that the row outlives the account unchanged.
    """

    class Kind(models.TextChoices):
        ADDED = "added", "added"
        CHANGED = "changed", "changed"
        DELETED = "deleted", "deleted"
        PINNED = "pinned", "pinned"
        BLOCKED = "blocked", "blocked"
        LEFT = "left", "tracked by rank"
        ENDED = "ended", "expired"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"
        REVOKED = "revoked", "revoked"
        SIGNED_OUT = "signed_out", "signed out everywhere"
        IMPORTED = "imported", "imported"

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    by = models.CharField(max_length=254, db_index=True)
    act = models.CharField("action", max_length=12, choices=Kind.choices)
    model = models.CharField("object type", max_length=40)
    object_id = models.CharField("object ID", max_length=40)
    label = models.CharField("object", max_length=254)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=254, blank=True)

    objects: ClassVar[models.Manager[Act]] = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        verbose_name = "audit log entry"
        verbose_name_plural = "audit log entries"
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        indexes = [models.Index(fields=["model", "object_id"], name="acts_by_object")]

    def __str__(self) -> str:
        return f"{self.label} {self.get_act_display()} by {self.by}"


class Deletion(_AppendOnlyModel):
    """A channel's row counts in history before its erasure (`found`) and after it (`left`).

    `event` is the id of the opt-out on `channel-events`; `rows` contains the counts by table. An erasure that is
    repeated after a crash may find no rows, so the first count of each stage is kept.
    """

    class Stage(models.TextChoices):
        FOUND = "found", "found"
        LEFT = "left", "left"

    event = models.CharField(max_length=200)
    stage = models.CharField(max_length=8, choices=Stage.choices)
    channel_id = models.CharField(max_length=20)
    rows = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Deletion]] = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        verbose_name = "erasure count"
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["event", "stage"], name="deletion_once_a_stage")
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.stage}"
