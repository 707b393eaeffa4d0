"""Status samples by minute and day, and incidents."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class StatusSample(models.Model):
    """Health snapshots summed over a period that begins at `start_ms`: see core/ops/health.py.

    `samples` is the number of snapshots, taken between `first_ms` and `last_ms`. In `coverage_samples` of them, the
    coverage was known; it adds up to `coverage_sum`. In `degraded_samples`, an incident affected live figures.
    """

    start_ms = models.BigIntegerField(primary_key=True)
    samples = models.PositiveIntegerField(default=0)
    coverage_samples = models.PositiveIntegerField(default=0)
    coverage_sum = models.FloatField(default=0.0)
    degraded_samples = models.PositiveIntegerField(default=0)
    first_ms = models.BigIntegerField(default=0)
    last_ms = models.BigIntegerField(default=0)

    class Meta:
        abstract = True
        ordering: ClassVar[list[str]] = ["start_ms"]


class StatusMinute(StatusSample):
    """One minute, kept for a day."""

    def __str__(self) -> str:
        return f"minute {self.start_ms}"


class StatusDay(StatusSample):
    """One day in UTC, kept for 400 days."""

    def __str__(self) -> str:
        return f"day {self.start_ms}"


class Incident(models.Model):
    """A violation of a rule in core/ops/health.py from `began_ms` to `ended_ms`, which is None while it lasts.

    Until `is_confirmed` is set, it has not lasted long enough to count; if it ends before that, it is deleted.
    """

    rule = models.CharField(max_length=20)
    began_ms = models.BigIntegerField(db_index=True)
    ended_ms = models.BigIntegerField(null=True)
    cause = models.CharField(max_length=200)
    is_confirmed = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["-began_ms"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule"], condition=Q(ended_ms=None), name="incident_open_once")
        ]

    def __str__(self) -> str:
        return self.cause
