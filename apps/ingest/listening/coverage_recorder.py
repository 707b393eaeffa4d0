"""Coverage of the tracked channels: turns joins and losses into gaps and pulses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from apps.ingest.listening.writer import Writer
from core.pipeline.coverage import Coverage, Gap
from core.pipeline.intake import Intake

log = logging.getLogger(__name__)

# Assumed delivery time of a message. Messages that were sent less than this long before a loss may be lost too.
TRANSIT_MS = 2_000


class CoverageRecorder:
    """Tracks the joins and losses that connections report, and writes gaps and pulses."""

    def __init__(self, intake: Intake, writer: Writer, now_ms: Callable[[], int]) -> None:
        self._coverage = Coverage()
        self._intake = intake
        self._writer = writer
        self._now_ms = now_ms

    @property
    def heard(self) -> int:
        """The number of channels that are currently heard."""
        return self._coverage.heard()

    def track(self, channel_id: str, promise_ms: int | None) -> None:
        """Start tracking a channel, which is in a gap until it is joined.

        The gap begins now, or earlier at `promise_ms`, up to which the partition's previous owner wrote the chat.
        """
        now_ms = self._now_ms()
        if promise_ms is not None and promise_ms < now_ms:
            # Write this gap now, not after the join. If we crash in between, the next owner cannot detect the gap,
            # because it starts from our newest watermark record.
            self._writer.put_gap(Gap(channel_id, promise_ms, now_ms, "restart"))
        self._coverage.track(channel_id, now_ms, "joining")

    def untrack(self, channel_id: str) -> None:
        """Stop tracking a channel."""
        self._write(self._coverage.untrack(channel_id, self._now_ms()))

    # Callbacks of connections

    def joined(self, connection: int, login: str) -> None:
        self._write(self._coverage.joined(self._intake.id_of(login), connection, self._now_ms()))

    def lost(self, connection: int, logins: Iterable[str], unsure_ms: int, reason: str) -> None:
        """Open gaps that began `unsure_ms` plus TRANSIT_MS ago, because messages sent since then may be lost."""
        now_ms = self._now_ms()
        since_ms = now_ms - unsure_ms - TRANSIT_MS
        for login in logins:
            self._write(self._coverage.lost(self._intake.id_of(login), connection, since_ms, now_ms, reason))

    def refused(self, login: str, reason: str) -> None:
        self._coverage.refused(self._intake.id_of(login), reason)
        log.warning("join of channel %s refused, retrying later: %s", login, reason)

    # Records

    def write_pulses(self, end_ms: int) -> None:
        """Write the pulse of each channel for the second that ends at `end_ms`. Call once per second, in order."""
        for channel_id, observed_ms in self._coverage.observed(end_ms).items():
            if pulse := self._intake.pulse(channel_id, observed_ms, end_ms):
                self._writer.put(pulse)

    def write_open_gaps(self) -> None:
        """Write the open gaps up to now; they continue as new gaps."""
        for gap in self._coverage.split(self._now_ms()):
            self._writer.put_gap(gap)

    def _write(self, gap: Gap | None) -> None:
        if gap is not None:
            self._writer.put_gap(gap)
