"""Event time that never runs backwards in a partition, and the clock it is bounded by."""

from __future__ import annotations

# The watermark of the stream job follows the newest record by this much: see flink/sql.py.
PROMISE_DELAY_MS = 500
SLEW_PER_S_MS = 1
# A clock that differs from the wall clock by more was not slewed apart: somebody set the wall clock.
SET_MS = 10_000


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

    def ahead_ms(self, wall_ms: int, monotonic_ms: int) -> int:
        """Return how far it runs ahead of the wall clock."""
        return self.now_ms(wall_ms, monotonic_ms) - wall_ms


def set_note(ahead_ms: int, most_ms: int) -> str | None:
    """Say what it means that a producer's clock runs so far ahead of the wall clock, None where they agree.

    `most_ms`: how far ahead of the wall clock a record may be dated.
    """
    off_s = abs(ahead_ms) // 1000
    if ahead_ms > most_ms:
        return (
            f"the machine's clock was set back: ours is {off_s} s ahead, and what is written is ignored until it is"
            f" {most_ms // 1000} s or less. Set the machine's clock right"
        )
    if ahead_ms > SET_MS:
        return f"the machine's clock was set back by {off_s} s: nothing is lost, times are ahead by as much"
    if ahead_ms < -SET_MS:
        return f"the machine's clock was set on by {off_s} s: times lag by as much until this producer is started again"
    return None
