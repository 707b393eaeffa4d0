"""Records that the producer writes periodically: pulses, watermark records, per-minute sums, gaps for lost records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from apps.ingest.listening.coverage_recorder import CoverageRecorder
from apps.ingest.listening.writer import Writer
from core.pipeline.intake import Intake
from core.times import SECOND_MS

# After a suspend or stall longer than this, no pulses are written for the seconds in between.
CATCH_UP_MS = 30_000
# Time to wait before a minute's sums are written, so that the minute's last lines are included.
SUMS_AFTER_MS = 5_000
SPLIT_EVERY_S = 60.0
WATERMARK_EVERY_MS = 200


class PeriodicRecords:
    """Writes pulses once a second and watermark records five times a second.

    `lag_ms` returns the greatest delay of incoming lines.
    """

    def __init__(
        self,
        intake: Intake,
        recorder: CoverageRecorder,
        writer: Writer,
        now_ms: Callable[[], int],
        lag_ms: Callable[[], int],
    ) -> None:
        self._intake = intake
        self._recorder = recorder
        self._writer = writer
        self._now_ms = now_ms
        self._lag_ms = lag_ms

    async def run(self) -> None:
        """Write forever."""
        end_ms = (self._now_ms() // SECOND_MS + 1) * SECOND_MS
        split_s = time.monotonic()
        late_ms = 0
        while True:
            end_ms = self._write_pulses(end_ms)
            # After a stall, the unread data in the sockets is more delayed than any line that was read.
            self._writer.put_watermarks(max(self._lag_ms(), late_ms))
            self.write_sums(self._now_ms() - SUMS_AFTER_MS)
            if self._writer.is_held():
                # Gaps are not split while they cannot be written, so that an outage uses constant memory.
                split_s = time.monotonic()
            else:
                self.write_lost()
            if time.monotonic() - split_s > SPLIT_EVERY_S:
                split_s = time.monotonic()
                self._recorder.write_open_gaps()
            wake_ms = (self._now_ms() // WATERMARK_EVERY_MS + 1) * WATERMARK_EVERY_MS
            await asyncio.sleep((wake_ms - self._now_ms()) / 1000)
            late_ms = max(0, self._now_ms() - wake_ms)

    def write_sums(self, until_ms: int) -> None:
        """Write the events that are summed per minute, for minutes that ended by `until_ms`."""
        for fields in self._intake.minutes(until_ms):
            self._writer.put_event(fields)

    def write_lost(self) -> None:
        """Write the gaps for records that could not be written."""
        for gap in self._writer.take_lost():
            self._writer.put_gap(gap)

    def _write_pulses(self, end_ms: int) -> int:
        """Write the pulses of the seconds that have ended, from `end_ms` on; return the end of the next second."""
        if self._now_ms() - end_ms > CATCH_UP_MS:
            end_ms = self._now_ms() // SECOND_MS * SECOND_MS
        while self._now_ms() >= end_ms:
            self._recorder.write_pulses(end_ms)
            end_ms += SECOND_MS
        return end_ms
