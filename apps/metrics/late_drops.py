"""How many records the stream job dropped as late. Pure."""

from __future__ import annotations


class LateDrops:
    """Counts over jobs and restarts: each job, and each start of its tasks, counts from 0."""

    def __init__(self) -> None:
        self.total = 0
        self._job_id, self._count = "", 0

    def look(self, job_id: str, count: int) -> int:
        """Take what a job says now; return how many are new."""
        goes_on = job_id == self._job_id and count >= self._count
        new = count - self._count if goes_on else count
        self._job_id, self._count = job_id, count
        self.total += new
        return new
