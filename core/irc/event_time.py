"""Event time per partition, never behind the watermark, and the producer's clock that bounds it."""

from __future__ import annotations

# The stream job's watermark is this far behind the newest record: see flink/sql.py.
PROMISE_DELAY_MS = 500
SLEW_PER_S_MS = 1
# A larger difference means that the wall clock was adjusted.
CLOCK_STEP_MS = 10_000


def event_time_ms(sent_ms: int, promise_ms: int, now_ms: int) -> int:
    """Return `sent_ms` clamped to [`promise_ms`, `now_ms`].

    The watermark has passed `promise_ms`, so anything earlier would be dropped as late. A remote clock that runs ahead
    must not advance the watermark for all channels.
    Source: Flink, "Generating Watermarks".
    """
    at_ms = sent_ms if sent_ms < now_ms else now_ms
    return at_ms if at_ms > promise_ms else promise_ms


class PartitionTime:
    """Assigns `at_ms` to the records of one partition; `last_ms` is the greatest assigned so far."""

    def __init__(self, last_ms: int) -> None:
        self.last_ms = last_ms

    def stamp(self, sent_ms: int, now_ms: int) -> int:
        """Return the `at_ms` of the next record."""
        at_ms = event_time_ms(sent_ms, self.last_ms - PROMISE_DELAY_MS, now_ms)
        if at_ms > self.last_ms:
            self.last_ms = at_ms
        return at_ms


class SlewedClock:
    """UTC clock that runs on a monotonic clock and slews toward the wall clock, so that it never steps or goes back.

    The caller reads both clocks, in ms.
    """

    def __init__(self, wall_ms: int, monotonic_ms: int) -> None:
        self._now_ms = float(wall_ms)
        self._monotonic_ms = monotonic_ms

    def raise_to(self, floor_ms: int) -> None:
        """Advance the clock to `floor_ms` if it is behind."""
        self._now_ms = max(self._now_ms, float(floor_ms))

    def now_ms(self, wall_ms: int, monotonic_ms: int) -> int:
        """Return the time, slewed toward the wall clock by at most SLEW_PER_S_MS per second."""
        passed_ms = max(0, monotonic_ms - self._monotonic_ms)
        self._monotonic_ms = monotonic_ms
        max_slew_ms = passed_ms / 1000 * SLEW_PER_S_MS
        difference_ms = wall_ms - (self._now_ms + passed_ms)
        self._now_ms += passed_ms + max(-max_slew_ms, min(max_slew_ms, difference_ms))
        return int(self._now_ms)

    def ahead_ms(self, wall_ms: int, monotonic_ms: int) -> int:
        """Return how far this clock is ahead of the wall clock."""
        return self.now_ms(wall_ms, monotonic_ms) - wall_ms


def clock_warning(ahead_ms: int, limit_ms: int) -> str | None:
    """Return a warning if the producer's clock differs from the wall clock, else None.

    `limit_ms` is how far ahead of the wall clock records may be dated.
    """
    difference_s = abs(ahead_ms) // 1000
    if ahead_ms > limit_ms:
        return (
            f"system clock was set back: the producer's clock is {difference_s} s ahead, and records are ignored until"
            f" the lead is {limit_ms // 1000} s or less; correct the system clock"
        )
    if ahead_ms > CLOCK_STEP_MS:
        return f"system clock was set back by {difference_s} s: nothing is lost, but times are ahead by this much"
    if ahead_ms < -CLOCK_STEP_MS:
        return f"system clock was set forward by {difference_s} s: times lag by this much until the producer restarts"
    return None
