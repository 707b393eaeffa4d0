"""What the tiles and the data-quality panel say of a chart. The script does the same in static/js/summary.js."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from apps.dashboard.readings import ChannelNow
from apps.metrics.queries import GapSpan, Point, Series
from core.columns import LIVE_WINDOW_MS
from core.metrics import METRIC
from core.times import DAY_MS

OVER_MIDNIGHT = "over midnight UTC: who wrote on both sides counts twice"


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric over a range; without data the figures are None. `lower_bound`: part of the range was not heard."""

    peak: float | None
    peak_ms: int | None
    median: float | None
    connected_ms: int
    coverage: float | None
    lower_bound: bool
    last_gap: GapSpan | None


def value_of(point: Point, metric: str) -> float | None:
    """Return the point's value, or None: a count of what nobody listened to is not 0."""
    if point.coverage == 0 and not METRIC[metric].from_helix:
        return None
    return point.values.get(metric)


def summarise(series: Series, metric: str) -> Summary:
    """Return the summary of one metric over the whole series."""
    valued = [(value, point.end_ms) for point in series.points if (value := value_of(point, metric)) is not None]
    peak, peak_ms = max(valued, key=lambda pair: pair[0], default=(None, None))
    connected_ms, span_ms = _connected(series)
    coverage = connected_ms / span_ms if span_ms else None
    return Summary(
        peak,
        peak_ms,
        median(value for value, _ in valued) if valued else None,
        round(connected_ms),
        coverage,
        coverage is not None and coverage < 1,
        series.gaps[-1] if series.gaps else None,
    )


def is_over_midnight(end_ms: int | None) -> bool:
    """Say whether a live window lies on both sides of midnight UTC, when the keys of the hashes change."""
    return end_ms is not None and 0 < end_ms % DAY_MS < LIVE_WINDOW_MS


def now_note(metric: str, now: ChannelNow) -> str:
    """Return why the channel has no value of the metric now, or is not ranked by it, or what is odd about it."""
    is_absent, unranked = metric not in now.values, now.unranked.get(metric)
    if not is_absent and not unranked:
        return OVER_MIDNIGHT if METRIC[metric].distinct and is_over_midnight(now.end_ms) else ""
    if now.profile.is_offline:
        return "the stream is offline"
    if now.end_ms is None:
        return "no live window"
    return METRIC[metric].empty if is_absent else f"not ranked: {unranked}"


def _connected(series: Series) -> tuple[float, int]:
    """Return how long of the charted span we listened, and the span; each point speaks for one step at most.

    The span is that of the points. In the past the gaps recorded at its ends belong to it: nothing came after them.
    """
    points, step_ms = series.points, series.range.step_ms
    starts = [points[0].end_ms - step_ms, *(point.end_ms for point in points[:-1])] if points else []
    heard = [min(point.end_ms - start, step_ms) * point.coverage for start, point in zip(starts, points, strict=True)]
    ends = [starts[0], points[-1].end_ms] if points else []
    ends += _gap_ends(series)
    return sum(heard), max(ends, default=0) - min(ends, default=0)


def _gap_ends(series: Series) -> list[int]:
    until_ms = series.range.until_ms
    if until_ms is None:
        return []
    from_ms = until_ms - series.range.span_ms
    return [min(max(at_ms, from_ms), until_ms) for gap in series.gaps for at_ms in (gap.from_ms, gap.until_ms)]
