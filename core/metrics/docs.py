"""Generated documentation of the metrics: docs/metrics.md, and texts of the methodology page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from textwrap import fill

from core.metrics.columns import (
    COLUMNS,
    GRAINS,
    GRAINS_OF,
    HOUR_COLUMNS,
    SLIDE_MS,
    STEP_MS,
    WINDOW_MS,
    Column,
    HourColumn,
)
from core.metrics.counting_rules import RULES
from core.metrics.formulas import RankingThresholds
from core.metrics.table import METRICS, Metric
from core.pipeline.records import Grain
from core.times import HOUR_MS, MINUTE_MS, SECOND_MS

_UNITS = ((HOUR_MS, "h"), (MINUTE_MS, "min"), (SECOND_MS, "s"))
_HEAD = """# Metrics

Made by `manage.py metric_docs` from `core/metrics/table.py` and `core/metrics/columns.py`: change those, not this file.
"""
_METRICS_HEAD = (
    "Key",
    "Label",
    "Unit",
    "Formula",
    "Not ranked below",
    "No value",
    "Minute and hour",
    "A range",
    "Peak of a range",
    "Version",
)
_WINDOWS_HEAD = ("Window", "Length", "Ends every", "Kept every")
_HOUR_COLUMNS_HEAD = ("Column", "Is", "Counted by")
_COLUMNS_HEAD = ("Column", "Windows", "Counted by", "An hour's is")


def span(ms: int) -> str:
    """Return a duration in its largest whole unit, such as 30 s or 1 min."""
    unit_ms, unit = next(pair for pair in _UNITS if ms % pair[0] == 0)
    return f"{ms // unit_ms} {unit}"


def threshold_of(metric: Metric, thresholds: RankingThresholds) -> str:
    """Return the ranking threshold of a metric's board, or "" if it has none."""
    return metric.threshold.format(**asdict(thresholds))


def every(metric: Metric) -> str:
    """Return how often the metric's live value is updated."""
    return span(SLIDE_MS["live_distinct" if metric.distinct else "live"])


def markdown() -> str:
    """Return docs/metrics.md."""
    counts, helix = [m.key for m in METRICS if m.is_count], [m.key for m in METRICS if m.from_helix]
    parts = (
        _HEAD,
        _table(_METRICS_HEAD, (_metric_row(metric, RankingThresholds()) for metric in METRICS)),
        f"- Counts ({_keys(counts)}) are lower bounds where coverage is below 100%.",
        f"- Known from Helix, also for channels that are not joined: {_keys(helix)}.",
        "- Below the ranking threshold a channel's value is shown and not ranked."
        " `ENGAGEMENT_MIN_VIEWERS` and `RANKED_MIN_MESSAGES` set the thresholds for viewers and messages.",
        "\n## Rules\n",
        "\n".join(fill(f"- **{rule.title}.** {rule.text}", 100, subsequent_indent="  ") for rule in RULES),
        "\n## Windows\n",
        _table(_WINDOWS_HEAD, map(_window_row, GRAINS)),
        "## Columns\n",
        _table(_COLUMNS_HEAD, map(_column_row, COLUMNS)),
        "Hours have these besides, computed from their minutes:\n",
        _table(_HOUR_COLUMNS_HEAD, map(_hour_column_row, HOUR_COLUMNS)),
    )
    return "\n".join(parts).rstrip("\n") + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(_line(cells) for cells in (head, ("---",) * len(head), *rows))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _metric_row(metric: Metric, thresholds: RankingThresholds) -> tuple[str, ...]:
    return (
        f"`{metric.key}`",
        metric.label,
        metric.unit,
        metric.formula,
        (threshold_of(metric, thresholds) or "–") if metric.ranked else "no board",
        metric.empty,
        metric.longer,
        metric.ranged,
        metric.peak,
        str(metric.version),
    )


def _window_row(grain: Grain) -> tuple[str, ...]:
    kept_ms = next(STEP_MS[stored] for stored, grains in GRAINS_OF.items() if grain in grains)
    return f"`{grain}`", span(WINDOW_MS[grain]), span(SLIDE_MS[grain]), span(kept_ms)


def _column_row(column: Column) -> tuple[str, ...]:
    windows = _keys(grain for grain in GRAINS if grain in column.grains)
    return f"`{column.name}`", windows, f"`{column.sql}`", column.roll.description


def _hour_column_row(column: HourColumn) -> tuple[str, ...]:
    return f"`{column.name}`", column.description, f"`{column.sql}`"


def _keys(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
