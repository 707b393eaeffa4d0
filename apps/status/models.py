"""Status samples by minute and day, and incidents."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


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
