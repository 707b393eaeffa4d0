"""Display text of live values. Pages and frames contain the same text, which scripts insert unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from apps.live.freshness import Freshness, viewers_freshness
from apps.live.readings import ChannelNow, Row
from apps.live.recent_history import GAP, LEVELS
from apps.live.table import value_of
from core.metrics.audience_depth import chatters_per_thousand, messages_per_chatter
from core.metrics.columns import LIVE_WINDOW_MS
from core.metrics.display import ABSENT, PARTIAL_BELOW, age, count, excluded_text, figure, number, one_decimal, percent
from core.metrics.table import METRIC, is_known
from core.times import DAY_MS, MINUTE_MS

NOT_HEARD = f"not heard in the past {LIVE_WINDOW_MS // 1000} s"
OVER_MIDNIGHT = "across midnight UTC, people who wrote on both days count twice"
# The horizontal distance between two steps of a sparkline.
STEP = 2


@dataclass(frozen=True, slots=True)
class Move:
    """The rank change of a row in the past minute: sign, text for screen readers, CSS class."""

    sign: str = ""
    words: str = ""
    css: str = ""


@dataclass(frozen=True, slots=True)
class RowDisplay:
    """The display text of a row. `details` is category and language, `state` is "" if live, `spark` is an SVG path."""

    value: str
    state: str
    details: str
    move: Move
    spark: str
    is_stale: bool
    is_partial: bool


@dataclass(frozen=True, slots=True)
class ChannelDisplay:
    """The display text of a channel: `values` by metric, and `notes` for the metrics that have a note."""

    values: Mapping[str, str]
    notes: Mapping[str, str]
    coverage: str
    excluded: str
    chatters_per_thousand: str
    messages_per_chatter: str


@dataclass(frozen=True, slots=True)
class ReadingDisplay:
    """Display text about a reading as a whole. `viewers_title` and `viewers_text` are "" while counts are fresh."""

    viewers: Freshness
    viewers_title: str
    viewers_text: str
    late_dropped: str


# Field names are listed once, because dataclasses.asdict would deep-copy every value.
ROW = tuple(field.name for field in fields(Row))
CHANNEL_DISPLAY = tuple(field.name for field in fields(ChannelDisplay))


def row_json(row: Row, metric: str, newest_end_ms: int | None) -> dict[str, Any]:
    """Return the fields of a row with its display text."""
    return {name: getattr(row, name) for name in ROW} | {"display": row_display(row, metric, newest_end_ms)}


def channel_json(channel: ChannelNow) -> dict[str, Any]:
    """Return the fields of a channel with its display text."""
    display = channel_display(channel)
    return channel.as_json() | {"display": {name: getattr(display, name) for name in CHANNEL_DISPLAY}}


def row_display(row: Row, metric: str, newest_end_ms: int | None) -> RowDisplay:
    """Return the display text of a row of a metric's board."""
    return RowDisplay(
        figure(metric, row.value, row.coverage),
        state_text(row, newest_end_ms),
        " · ".join(part for part in (row.category, row.language_name) if part),
        move(row),
        spark_path(row.spark),
        is_stale=row.state == "stale",
        is_partial=row.coverage < PARTIAL_BELOW,
    )


def channel_display(channel: ChannelNow) -> ChannelDisplay:
    """Return the display text of a channel's newest live window."""
    chatters, viewers, messages = (value_of(channel, key) for key in ("chatters", "viewers", "messages"))
    notes = {metric: now_note(metric, channel) for metric in METRIC}
    return ChannelDisplay(
        {metric: figure(metric, value, channel.coverage_of(metric)) for metric, value in channel.values.items()},
        {metric: note for metric, note in notes.items() if note},
        ABSENT if channel.end_ms is None else percent(channel.coverage),
        excluded_text(channel.apart, channel.coverage),
        one_decimal(chatters_per_thousand(chatters, viewers)),
        one_decimal(messages_per_chatter(messages, chatters)),
    )


def reading_display(viewers_at_ms: int | None, late_dropped: int | None, now_ms: int) -> ReadingDisplay:
    """Return the freshness of viewer counts fetched at `viewers_at_ms`, and the number of late records dropped."""
    freshness = viewers_freshness(viewers_at_ms, now_ms)
    minutes = ABSENT if viewers_at_ms is None else number(max(0, now_ms - viewers_at_ms) // MINUTE_MS, 0)
    title, text = {
        "fresh": ("", ""),
        "stale": (
            f"Viewer counts are {minutes} min old.",
            "Twitch has not sent newer ones. Chat is still being counted.",
        ),
        "unknown": (
            "Viewer counts are unavailable.",
            f"Twitch has sent no viewer counts for {minutes} min. Chat is still being counted.",
        ),
    }[freshness]
    return ReadingDisplay(freshness, title, text, count(late_dropped))


def move(row: Row) -> Move:
    """Return the rank change of a row, or an empty one if it is unknown."""
    if row.is_new:
        return Move("new", "new in the past minute", "is-new")
    if not row.moved:
        return Move("–" if row.moved == 0 else "")
    places = f"{abs(row.moved)} {'place' if abs(row.moved) == 1 else 'places'} in the past minute"
    if row.moved > 0:
        return Move(f"▲ {row.moved}", f"up {places}", "is-up")
    return Move(f"▼ {-row.moved}", f"down {places}", "is-down")


def state_text(row: Row, newest_end_ms: int | None) -> str:
    """Return the state of a row as text, or "" if it is live."""
    if row.state == "stale":
        return f"stale {age(row.end_ms, newest_end_ms or row.end_ms)}"
    return "" if row.state == "live" else row.state


# Cached, because levels change only every 10 s, but frames are built every second.
@lru_cache(maxsize=4_096)
def spark_path(levels: str) -> str:
    """Return the path of a sparkline in a box of 60 by 36; steps without a value break the line."""
    path, previous = "", GAP
    for step, level in enumerate(levels):
        if level != GAP:
            path += f"{'M' if previous == GAP else 'L'}{step * STEP} {len(LEVELS) - LEVELS.index(level)}"
        # A value between two gaps is drawn as a dot.
        if level != GAP and previous == GAP and levels[step + 1 : step + 2] in ("", GAP):
            path += "h0"
        previous = level
    return path


def is_over_midnight(end_ms: int | None) -> bool:
    """Return whether a live window spans midnight UTC, when the hash key changes."""
    return end_ms is not None and 0 < end_ms % DAY_MS < LIVE_WINDOW_MS


def now_note(metric: str, now: ChannelNow) -> str:
    """Return why a metric has no current value or rank, or a caveat about its value, or "" if there is no note."""
    is_absent, unranked = value_of(now, metric) is None, now.unranked.get(metric)
    if not is_absent and not unranked:
        return OVER_MIDNIGHT if METRIC[metric].distinct and is_over_midnight(now.end_of(metric)) else ""
    if now.profile.is_offline:
        return "the stream is offline"
    if now.end_ms is None:
        return "no live window"
    if not is_known(metric, now.coverage_of(metric)):
        return NOT_HEARD
    return METRIC[metric].empty if is_absent else f"not ranked ({unranked})"
