"""Comparison of published figures with the recount."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.recount.counting import DAY_MS, MINUTE_MS, WINDOW_MS, Chat, live_values, minute_values
from tests.recount.published import DISTINCT, Figure

# Numbers are sent as doubles; only the order of divisions may differ.
EXACT = 1e-9

Values = Mapping[str, float | None]


@dataclass(slots=True)
class Comparison:
    """Compares figures between `from_ms` and `until_ms`; chat was heard throughout.

    `compared` counts the compared values by surface.
    """

    chats: Mapping[str, Chat]
    from_ms: int
    until_ms: int
    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def windows(self, figures: Iterable[Figure]) -> None:
        """Compare windows of 30 s or a minute; those that started before the recount are ignored."""
        for figure in figures:
            length_ms = WINDOW_MS if figure.kind == "live" else MINUTE_MS
            if not self.from_ms + length_ms <= figure.end_ms <= self.until_ms:
                continue
            self.values(figure, self._expected(figure), since_ms=self.from_ms + length_ms)
            self.coverage(figure.surface, figure.channel_id, figure.end_ms, figure.coverage)

    def values(self, figure: Figure, expected: Values, since_ms: int = 0) -> None:
        """Compare those values of a figure that have an expected value."""
        for metric, value in figure.values.items():
            if metric not in expected or (metric in DISTINCT and not self._has_distinct(figure, since_ms)):
                continue
            self.compared[f"{figure.surface}: {figure.kind}"] += 1
            if not is_same(value, expected[metric], slack_of(figure, metric, expected[metric])):
                where = f"{figure.surface}, {figure.kind} of {figure.channel_id} at {figure.end_ms}, {metric}"
                self.differences.append(f"{where}: {value}, recounted {expected[metric]}")

    def coverage(self, surface: str, channel_id: str, end_ms: int, coverage: float | None) -> None:
        """Check that a coverage is 1."""
        self.compared[f"{surface}: coverage"] += 1
        if coverage != 1:
            self.differences.append(f"{surface}, {channel_id} at {end_ms}, coverage: {coverage}, expected 1")

    def equal(self, surface: str, label: str, actual: object, expected: object) -> None:
        """Compare any other value."""
        self.compared[surface] += 1
        if actual != expected:
            self.differences.append(f"{surface}, {label}: {actual}, expected {expected}")

    def _has_distinct(self, figure: Figure, since_ms: int) -> bool:
        """Return whether the distinct people and texts of a figure are comparable.

        Their hashes change at midnight, so a window across midnight may count the same person or text twice.
        """
        end_ms = figure.distinct_end_ms
        return end_ms >= since_ms and not (figure.kind == "live" and crosses_midnight(end_ms - WINDOW_MS, end_ms))

    def _expected(self, figure: Figure) -> Values:
        chat, viewers = self.chats[figure.channel_id], figure.values.get("viewers")
        if figure.kind == "minute":
            values = minute_values(chat.count(figure.end_ms - MINUTE_MS, figure.end_ms), viewers)
        else:
            distinct = live_values(chat.live(figure.distinct_end_ms), viewers)
            values = live_values(chat.live(figure.end_ms), viewers) | {name: distinct[name] for name in DISTINCT}
        if "viewers" in figure.values:
            return values
        return {metric: value for metric, value in values.items() if metric != "engagement"}


def crosses_midnight(from_ms: int, until_ms: int) -> bool:
    """Return whether a UTC midnight is between `from_ms` and `until_ms`, excluding both."""
    return from_ms // DAY_MS != (until_ms - 1) // DAY_MS


def slack_of(figure: Figure, metric: str, expected: float | None) -> float:
    """Return by how much rounding may change a value. Engagement is recomputed from viewers, which are also rounded."""
    slack, viewers = figure.slack.get(metric, 0.0), figure.values.get("viewers")
    if metric == "engagement" and viewers and expected:
        slack += expected * figure.slack.get("viewers", 0.0) / viewers
    return slack


def is_same(actual: float | None, expected: float | None, slack: float) -> bool:
    """Return whether two values are equal within the rounding of the published figure."""
    if actual is None or expected is None:
        return actual is expected
    return math.isclose(actual, expected, rel_tol=EXACT, abs_tol=slack * (1 + EXACT) + EXACT)
