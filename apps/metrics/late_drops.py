"""Running total of the records that the stream job dropped as late."""

from __future__ import annotations


class LateDrops:
    """Sums Flink's counter, which starts from 0 with every job and restart."""

    def __init__(self) -> None:
        self.total = 0
        self._job_id, self._count = "", 0

    def update(self, job_id: str, count: int) -> int:
        """Add the current counter of a job; return the number of new drops."""
        is_same_run = job_id == self._job_id and count >= self._count
        new = count - self._count if is_same_run else count
        self._job_id, self._count = job_id, count
        self.total += new
        return new
