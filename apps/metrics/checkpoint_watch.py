"""Decides, without I/O, when to log that checkpoints fail, are overdue, or complete again."""

from __future__ import annotations

from dataclasses import dataclass

# Flink takes a checkpoint every 10 s. The older the last one is, the longer recovery takes.
OVERDUE_S = 60.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A completed checkpoint: its time by Flink's clock, the size of its state, and its duration."""

    at_ms: int
    size_bytes: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Counts of completed and failed checkpoints of a job, and the reason for the last failure."""

    completed: int
    failed: int
    reason: str = ""
    newest: Checkpoint | None = None


class CheckpointWatch:
    """Tracks the running job's checkpoints; `is_healthy` is False from a failure until a checkpoint completes."""

    def __init__(self) -> None:
        self.is_healthy = True
        self._job_id = ""
        self._last = Checkpoints(0, 0)
        self._completed_s = 0.0

    def update(self, job_id: str, current: Checkpoints, now_s: float) -> str | None:
        """Return a log message if the health of the checkpoints changed, else None; `now_s` is monotonic."""
        if job_id != self._job_id:
            self._job_id, self._last, self._completed_s = job_id, current, now_s
        last, self._last = self._last, current
        if current.completed > last.completed:
            self._completed_s = now_s
            return self._recovered()
        return self._failed(current, current.failed > last.failed, now_s - self._completed_s)

    def _recovered(self) -> str | None:
        if self.is_healthy:
            return None
        self.is_healthy = True
        return "checkpoints complete again"

    def _failed(self, current: Checkpoints, has_failed: bool, age_s: float) -> str | None:
        if not self.is_healthy or not (has_failed or age_s > OVERDUE_S):
            return None
        self.is_healthy = False
        return f"checkpoint failed: {current.reason}" if has_failed else f"no checkpoint completed for {age_s:.0f} s"
