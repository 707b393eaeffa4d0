"""When it is worth a word that checkpoints fail, stay out, or are complete again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# One is made every 10 s: after so many seconds without, the way back has become long.
LATE_S = 60.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint: when it was made, by Flink's clock, how large its state is, and how long it took."""

    at_ms: int
    size_bytes: int
    took_ms: int


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """How many checkpoints of a job were completed and how many failed so far, and why the last one failed."""

    completed: int
    failed: int
    why: str = ""
    newest: Checkpoint | None = None


class CheckpointWatch:
    """Looks again and again at the job that runs; `is_well` is false from a failure until one is completed again."""

    def __init__(self) -> None:
        self.is_well = True
        self._job_id = ""
        self._last = Checkpoints(0, 0)
        self._completed_s = 0.0

    def look(self, job_id: str, found: Checkpoints, now_s: float) -> str | None:
        """Return what has changed in a sentence, None when nothing has; `now_s` is monotonic."""
        if job_id != self._job_id:
            self._job_id, self._last, self._completed_s = job_id, found, now_s
        last, self._last = self._last, found
        if found.completed > last.completed:
            self._completed_s = now_s
            return self._mended()
        return self._trouble(found, found.failed > last.failed, now_s - self._completed_s)

    def _mended(self) -> str | None:
        if self.is_well:
            return None
        self.is_well = True
        return "a checkpoint is complete again"

    def _trouble(self, found: Checkpoints, failed: bool, late_s: float) -> str | None:
        if not self.is_well or not (failed or late_s > LATE_S):
            return None
        self.is_well = False
        return f"a checkpoint failed: {found.why}" if failed else f"no checkpoint was completed for {late_s:.0f} s"
