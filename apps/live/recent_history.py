"""What the boards were a little while ago, kept by each web process: where a channel stood, and its last five minutes.

A step is read from Redis once. What was read stays when Redis is emptied, so open pages keep their sparklines.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass, field

from apps.metrics.board_history import RETENTION_MS, STEP_MS, PastValues
from apps.metrics.board_reader import BoardReader
from core.metrics.ranking import Entry, rank
from core.times import MINUTE_MS

# A step that fails to come is asked for again so often.
ASK_AGAIN_MS = 1_000
# Heights of a sparkline, from the least value of the five minutes to the greatest, and a moment without one.
LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"
GAP = "."
POINTS = RETENTION_MS // STEP_MS + 1


@dataclass(slots=True)
class _Course:
    """The steps of one metric by window end, and what was made of them."""

    moments: dict[int, PastValues] = field(default_factory=dict)
    ranking: tuple[int, tuple[str, ...]] | None = None
    sparks: dict[str, str] = field(default_factory=dict)
    asked_ms: int | None = None


class Memory:
    """The remembered steps of each metric that somebody looks at."""

    def __init__(self, reader: BoardReader) -> None:
        self._reader = reader
        self._courses: dict[str, _Course] = {}

    async def refresh(self, metrics: Collection[str], newest_end_ms: int | None, now_ms: int) -> None:
        """Read the steps that are new. Raises: ServiceAway."""
        if newest_end_ms is None:
            return
        step_ms = newest_end_ms // STEP_MS * STEP_MS
        due = [metric for metric in metrics if self._is_due(metric, step_ms, now_ms)]
        if not due:
            return
        for metric, steps in (await self._reader.steps(due)).items():
            course = self._courses.setdefault(metric, _Course())
            course.asked_ms = now_ms
            missing = [step for step in steps if step not in course.moments and step >= step_ms - RETENTION_MS]
            if missing:
                found = await self._reader.past_values(metric, missing)
                kept = {end: moment for end, moment in course.moments.items() if end >= step_ms - RETENTION_MS}
                course.moments, course.sparks = kept | found, {}

    def ranking(self, metric: str, newest_end_ms: int | None) -> tuple[str, ...] | None:
        """Return the channels that were ranked a minute ago, best first; None when that is not remembered."""
        course = self._courses.get(metric)
        if course is None or newest_end_ms is None:
            return None
        step_ms = (newest_end_ms - MINUTE_MS) // STEP_MS * STEP_MS
        if step_ms not in course.moments:
            return None
        if course.ranking is None or course.ranking[0] != step_ms:
            ranked = course.moments[step_ms].ranked
            entries = (Entry(channel_id, value) for channel_id, value in ranked.items())
            course.ranking = step_ms, rank(entries, len(ranked))
        return course.ranking[1]

    def spark(self, metric: str, channel_id: str) -> str:
        """Return a channel's last five minutes, a level of LEVELS every 10 s, oldest first; "" without any."""
        course = self._courses.get(metric)
        if course is None or not course.moments:
            return ""
        if channel_id not in course.sparks:
            newest_ms = max(course.moments)
            steps = range(newest_ms - RETENTION_MS, newest_ms + 1, STEP_MS)
            values = [course.moments[step].value(channel_id) if step in course.moments else None for step in steps]
            course.sparks[channel_id] = drawn(values)
        return course.sparks[channel_id]

    def _is_due(self, metric: str, step_ms: int, now_ms: int) -> bool:
        course = self._courses.get(metric)
        if course is None or course.asked_ms is None:
            return True
        return step_ms not in course.moments and not 0 <= now_ms - course.asked_ms < ASK_AGAIN_MS


def drawn(values: Sequence[float | None]) -> str:
    """Return values as levels; equal ones lie in the middle, and a moment without one is a gap."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    least, span = min(known), max(known) - min(known)
    top = len(LEVELS) - 1
    return "".join(
        GAP if value is None else LEVELS[round((value - least) / span * top) if span else top // 2] for value in values
    )


def places(ranking: Sequence[str], among: Container[str] | None) -> dict[str, int]:
    """Return the place of each channel, from 1, among those that count; None: all of them."""
    counted = ranking if among is None else [channel_id for channel_id in ranking if channel_id in among]
    return {channel_id: place for place, channel_id in enumerate(counted, 1)}
