"""The clock of a producer: slewed, so that setting the system clock has no effect on event times."""

from __future__ import annotations

from apps.ingest.listening.connection import monotonic_ms
from core.irc.event_time import SlewedClock, clock_warning
from core.pipeline.records import MAX_AHEAD_MS
from twitchly.clock import now_ms


class ProducerClock:
    """Reads the system clocks for a SlewedClock."""

    def __init__(self) -> None:
        self._clock = SlewedClock(now_ms(), monotonic_ms())

    def now_ms(self) -> int:
        """Return the time in ms since 1970."""
        return self._clock.now_ms(now_ms(), monotonic_ms())

    def raise_to(self, at_ms: int) -> None:
        """Never return a time before `at_ms` again."""
        self._clock.raise_to(at_ms)

    def warning(self) -> str:
        """Return a warning if the system clock differs from this clock by more than MAX_AHEAD_MS, else ""."""
        return clock_warning(self._clock.ahead_ms(now_ms(), monotonic_ms()), MAX_AHEAD_MS) or ""
