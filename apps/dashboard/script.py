"""Constants for the scripts in static/js: each is defined in Python and reaches the page as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from apps.dashboard.choices import DEFAULTS
from apps.dashboard.context import source_name
from apps.dashboard.timeline import GAPS_SHOWN, GROUPS, LINES_SHOWN, NOTED_FROM, NOTED_TIMES, SHAPES, TABLE_ROWS
from apps.live.board import FILTERS
from apps.live.consumer import NOT_SIGNED_IN
from apps.live.freshness import NEED_VIEWERS
from apps.live.subscriptions import CHANNELS_MAX
from apps.metrics.gaps import NO_DATA
from core.irc.channel_events import LABELS, SUMMED
from core.metrics.display import ABSENT, LOWER_BOUND
from core.metrics.formulas import COMPLETE_FROM
from core.metrics.grains import SPAN_MAX_MS
from core.metrics.ranking import GONE_AFTER_MS, STALE_AFTER_MS
from core.metrics.table import METRICS, Metric
from core.metrics.units import LENGTHS, unit_beside_name, unit_of
from core.metrics.windows import BoardWindow
from core.pipeline.records import EPOCH_MS

# The note below a board, by its window. The page updates rows every 2 s; values over 5 min change every 10 s.
UPDATES: Mapping[BoardWindow, str] = {"30s": "Updates every 2 s", "5m": "Updates every 10 s"}


def script_constants() -> dict[str, Any]:
    """Return the constants that static/js/constants.js provides."""
    return {
        "metrics": {metric.key: metric_json(metric) for metric in METRICS},
        "absent": ABSENT,
        "lower_bound": LOWER_BOUND,
        "complete_from": COMPLETE_FROM,
        "stale_after_ms": STALE_AFTER_MS,
        "gone_after_ms": GONE_AFTER_MS,
        "not_signed_in": NOT_SIGNED_IN,
        "channels_max": CHANNELS_MAX,
        "no_data": NO_DATA,
        "source": {"name": source_name(), "is_simulated": bool(settings.TWITCH_IS_SIMULATED)},
    }


def board_constants() -> dict[str, Any]:
    """Return the constants for all pages, and the additional ones for the board page."""
    return script_constants() | {
        "defaults": dict(DEFAULTS),
        "filters": FILTERS,
        "span_limits": {"earliest_ms": EPOCH_MS, "span_ms": SPAN_MAX_MS},
        "table_rows": TABLE_ROWS,
        "gaps_shown": GAPS_SHOWN,
        "lines_shown": LINES_SHOWN,
        "labels": dict(LABELS),
        "shapes": dict(SHAPES),
        "groups": dict(GROUPS),
        "summed": sorted(SUMMED),
        "noted_from": dict(NOTED_FROM),
        "noted_times": NOTED_TIMES,
        "updates": dict(UPDATES),
    }


def metric_json(metric: Metric) -> dict[str, Any]:
    """Return a metric's fields for the script.

    `units` are the units in charts, by window length; `name_units` are written after the metric's name.
    """
    return {
        "label": metric.label,
        "name": metric.name,
        "unit": metric.unit,
        "units": {length: unit_of(metric, grain) for grain, length in LENGTHS.items()},
        "name_units": {length: unit_beside_name(metric, grain) for grain, length in LENGTHS.items()},
        "decimals": metric.decimals,
        "empty": metric.empty,
        "longer": metric.longer,
        "has_peak": metric.has_peak,
        "is_count": metric.is_count,
        "from_helix": metric.from_helix,
        "needs_viewers": metric.key in NEED_VIEWERS,
        "distinct": metric.distinct,
        "by_length": metric.by_length,
        "only_live": metric.only_live,
        "is_ratio": metric.is_ratio,
    }
