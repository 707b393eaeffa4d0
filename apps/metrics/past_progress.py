"""Progress of writing an instance's simulated past, in a file that `make status` and the pages read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from django.conf import settings

from core.times import DAY_MS, HOUR_MS

FILE = "simulated-past.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a fill, kept in a file: the span that it covers, and how many of `total` hours are written."""

    from_ms: int
    until_ms: int
    total: int
    hours: int = 0

    @property
    def is_complete(self) -> bool:
        """True if the whole past is written."""
        return self.hours >= self.total

    @property
    def percent(self) -> int:
        """The percentage of hours written; 100 only if all are written."""
        return 100 * self.hours // self.total

    def save(self, folder: Path) -> None:
        """Write the file, replacing an older one atomically."""
        path = folder / FILE
        new = path.with_suffix(".new")
        new.write_bytes(orjson.dumps(asdict(self)))
        new.replace(path)


def new_fill(until_ms: int, past_days: int) -> Progress:
    """Return the initial state of a fill of `past_days` whole UTC days and the day of `until_ms`."""
    from_ms = until_ms // DAY_MS * DAY_MS - past_days * DAY_MS
    return Progress(from_ms, until_ms, len(hours_before(until_ms, from_ms)))


def read_progress(folder: Path) -> Progress | None:
    """Return the progress of an instance, or None if no fill has begun."""
    try:
        return Progress(**orjson.loads((folder / FILE).read_bytes()))
    except FileNotFoundError:
        return None


def hours_before(until_ms: int, from_ms: int) -> range:
    """Return the start times of the hours in [`from_ms`, `until_ms`), newest first."""
    return range((until_ms - 1) // HOUR_MS * HOUR_MS, from_ms // HOUR_MS * HOUR_MS - 1, -HOUR_MS)


def recorded_since_ms() -> int:
    """Return the time at which an instance with a simulated past began to record, or 0 for any other instance."""
    progress = read_progress(settings.VAR_DIR) if settings.TWITCH_IS_SIMULATED else None
    return progress.until_ms if progress else 0
