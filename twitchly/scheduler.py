"""Scheduler of Celery beat: runs every task at startup, then at its interval; nothing is stored on disk."""

from __future__ import annotations

from datetime import UTC, datetime

from celery.beat import Scheduler

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class StartupScheduler(Scheduler):
    """Keeps the schedule in memory, because a schedule file can be damaged by a crash.

    It does not know when tasks last ran, so all of them are due at startup. Otherwise, hourly tasks would never run if
    beat were restarted more often than that.
    """

    def setup_schedule(self) -> None:
        """Read the schedule, and make every task due."""
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = LONG_AGO
