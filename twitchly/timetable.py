"""Celery beat's scheduler: every task once at the start, then by its interval, and nothing on disk."""

from __future__ import annotations

from datetime import UTC, datetime

from celery.beat import Scheduler

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class StartupScheduler(Scheduler):
    """Keeps the timetable in memory alone: a file would have to survive a crash, and can be damaged.

    It does not know when tasks last ran, so it starts with all of them. Otherwise the hourly ones would never run
    where beat is restarted more often than that.
    """

    def setup_schedule(self) -> None:
        """Read the timetable, with every task due."""
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = LONG_AGO
