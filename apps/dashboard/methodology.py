"""Template context for the methodology page, from the tables of core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.metrics.boards import ranking_thresholds
from core.metrics.bands import BANDS
from core.metrics.columns import COLUMNS, HOUR_COLUMNS, SLIDE_MS, WINDOW_MS
from core.metrics.counting_rules import RULES
from core.metrics.display import PARTIAL_BELOW
from core.metrics.docs import every, span, thresholds_of
from core.metrics.explanations import EXPLANATIONS, worked_example
from core.metrics.formulas import COMPLETE_FROM
from core.metrics.percentiles import MIN_PEERS
from core.metrics.ranking import GONE_AFTER_MS, STALE_AFTER_MS
from core.metrics.table import METRICS, Metric


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric; `thresholds` are the thresholds of its boards. `every` and `every_5m` are update intervals."""

    metric: Metric
    meaning: str
    example: str
    thresholds: list[str]
    every: str
    every_5m: str


def methodology_context() -> dict[str, Any]:
    """Return the template context, with the thresholds and limits of this instance."""
    thresholds = ranking_thresholds()
    return {
        "entries": [
            Entry(
                metric,
                EXPLANATIONS[metric.key].meaning,
                worked_example(metric.key),
                thresholds_of(metric, thresholds),
                every(metric),
                every(metric, "5m"),
            )
            for metric in METRICS
        ],
        "rules": RULES,
        "columns": COLUMNS,
        "hour_columns": HOUR_COLUMNS,
        "live_window": span(WINDOW_MS["live"]),
        "live_every": span(SLIDE_MS["live"]),
        "distinct_every": span(SLIDE_MS["live_distinct"]),
        "distinct": [metric for metric in METRICS if metric.distinct],
        "complete_from": f"{100 * COMPLETE_FROM:g}%",
        "partial_below": f"{PARTIAL_BELOW:.0%}",
        "stale_after": span(STALE_AFTER_MS),
        "gone_after": span(GONE_AFTER_MS),
        "viewers_stale": span(settings.VIEWERS_STALE_S * 1000),
        "viewers_unknown": span(settings.VIEWERS_UNKNOWN_S * 1000),
        "bands": BANDS,
        "fewest_peers": MIN_PEERS,
        "bots_count": settings.COUNT_BOTS,
    }
