"""Compares what the product says with the recount, figure by figure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.recount.answers import DISTINCT, Figure
from tests.recount.counting import MINUTE_MS, WINDOW_MS, Chat, live_values, minute_values

# Numbers are sent as doubles: what is left is the order in which they were divided.
EXACT = 1e-9

Values = Mapping[str, float | None]


@dataclass(slots=True)
class Judge:
    """Judges figures of the time from `from_ms` to `until_ms`, all of which was heard.

    `compared` counts values by surface.
    """

    chats: Mapping[str, Chat]
    from_ms: int
    until_ms: int
    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def windows(self, figures: Iterable[Figure]) -> None:
        """Judge windows of 30 s or of a minute; those that began before the recount are left out."""
        for one in figures:
            length_ms = WINDOW_MS if one.what == "live" else MINUTE_MS
            if not self.from_ms + length_ms <= one.end_ms <= self.until_ms:
                continue
            self.values(one, self._expected(one), since_ms=self.from_ms + length_ms)
            self.coverage(one.surface, one.channel_id, one.end_ms, one.coverage)

    def values(self, one: Figure, expected: Values, since_ms: int = 0) -> None:
        """Judge the values of a figure that are expected."""
        for metric, value in one.values.items():
            if metric not in expected or (metric in DISTINCT and one.distinct_end_ms < since_ms):
                continue
            self.compared[f"{one.surface} {one.what}"] += 1
            if not is_same(value, expected[metric], one.slack.get(metric, 0)):
                where = f"{one.surface}, {one.what} of {one.channel_id} at {one.end_ms}, {metric}"
                self.differences.append(f"{where}: {value}, recounted {expected[metric]}")

    def coverage(self, surface: str, channel_id: str, end_ms: int, coverage: float | None) -> None:
        """Judge a coverage: all was heard."""
        self.compared[f"{surface} coverage"] += 1
        if coverage != 1:
            self.differences.append(f"{surface}, {channel_id} at {end_ms}, coverage: {coverage}, recounted 1")

    def equal(self, surface: str, what: str, found: object, expected: object) -> None:
        """Judge anything else."""
        self.compared[surface] += 1
        if found != expected:
            self.differences.append(f"{surface}, {what}: {found}, recounted {expected}")

    def _expected(self, one: Figure) -> Values:
        chat, viewers = self.chats[one.channel_id], one.values.get("viewers")
        if one.what == "minute":
            values = minute_values(chat.count(one.end_ms - MINUTE_MS, one.end_ms), viewers)
        else:
            distinct = live_values(chat.live(one.distinct_end_ms), viewers)
            values = live_values(chat.live(one.end_ms), viewers) | {name: distinct[name] for name in DISTINCT}
        if "viewers" in one.values:
            return values
        return {metric: value for metric, value in values.items() if metric != "engagement"}


def is_same(found: float | None, expected: float | None, slack: float) -> bool:
    """Return whether two values are equal, but for the digits that were not written."""
    if found is None or expected is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=EXACT, abs_tol=slack * (1 + EXACT) + EXACT)
