"""Event time that never runs backwards in a partition, and the clock it is bounded by."""

from __future__ import annotations

# The watermark of the stream job follows the newest record by this much: see flink/sql.py.
PROMISE_DELAY_MS = 500
SLEW_PER_S_MS = 1


def event_time_ms(sent_ms: int, promise_ms: int, now_ms: int) -> int:
    """Return `sent_ms` brought into [`promise_ms`, `now_ms`].

    The watermark has passed `promise_ms`: anything earlier would be dropped as late. A clock ahead of
    ours must not advance it for everybody else.
    Source: Flink, "Generating Watermarks".
    """
    at_ms = sent_ms if sent_ms < now_ms else now_ms
    return at_ms if at_ms > promise_ms else promise_ms


class PartitionTime:
    """Gives each record of one partition its `at_ms`; `last_ms` is the greatest given so far."""

    def __init__(self, last_ms: int) -> None:
        self.last_ms = last_ms

    def stamp(self, sent_ms: int, now_ms: int) -> int:
        """Return the `at_ms` of the record that is written next."""
        at_ms = event_time_ms(sent_ms, self.last_ms - PROMISE_DELAY_MS, now_ms)
        if at_ms > self.last_ms:
            self.last_ms = at_ms
        return at_ms


class SlewedClock:
    """UTC that runs with a monotonic clock and follows the wall clock slowly, so it never steps or goes back.

    Both clocks are read by the caller, in ms.
    """

    def __init__(self, wall_ms: int, monotonic_ms: int) -> None:
        self._now_ms = float(wall_ms)
        self._monotonic_ms = monotonic_ms

    def raise_to(self, floor_ms: int) -> None:
        """Never read less than `floor_ms` from now on."""
        self._now_ms = max(self._now_ms, float(floor_ms))

    def now_ms(self, wall_ms: int, monotonic_ms: int) -> int:
        """Return the time, at most SLEW_PER_S_MS per second nearer to the wall clock."""
        passed_ms = max(0, monotonic_ms - self._monotonic_ms)
        self._monotonic_ms = monotonic_ms
        most = passed_ms / 1000 * SLEW_PER_S_MS
        off = wall_ms - (self._now_ms + passed_ms)
        self._now_ms += passed_ms + max(-most, min(most, off))
        return int(self._now_ms)
