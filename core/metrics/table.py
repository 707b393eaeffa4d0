"""The single list of metrics, computed from the columns of one window or of a whole range.

Audience depth is not among them, because it combines values of different windows: see core/metrics/audience_depth.py.

docs/metrics.md, the methodology page and the API's `/metrics` are generated from this list; boards, labels and fields
are checked against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.metrics.columns import Columns
from core.metrics.formulas import (
    COMPLETE_FROM,
    Unranked,
    Value,
    always,
    chatters_per_minute,
    coverage,
    knows_viewers,
    needs_chatters,
    needs_messages,
    needs_viewers,
    per_30s,
    per_messages,
    per_minute_per_thousand,
    per_minute_per_thousand_of_windows,
    repetition,
    share,
    viewers,
    words_per_message,
)
from core.metrics.peaks import MIN_MESSAGES, MIN_VIEWERS
from core.metrics.windows import BOARD_WINDOW_LABEL, BOARD_WINDOW_MS, DEFAULT_WINDOW, BoardWindow

_SAME_FORMULA = "the same formula over the window's own sums"
_SAME_OVER_RANGE = "the same formula over the sums of the range"
_SAME_OVER_WINDOWS = "the same formula over the sums of ten 30-second windows that do not overlap"
_ENGAGEMENT_OF_MINUTES = (
    "messages per minute of observed time / (mean viewers / 1,000), over the minutes that have both observed time and a"
    " viewer count"
)
_BUSIEST = "the busiest minute heard for 50% or more"
_EXCITEMENT_RANGES = "defined for ranges of up to 6 h within the past 48 h, regardless of the chart's grain"
_BUSIEST_RATIO = f"{_BUSIEST} with {MIN_MESSAGES} messages or more"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its labels, formula and documentation.

    `label` is the title of its board, `name` that of its line in a chart. They differ only for the four original
    boards, which are shown with both. `value` takes a window's columns and its length in ms and returns None if there
    is no data. `unranked` returns why a window is not ranked, or None. Metrics that are `ranked` have a board.

    - `distinct`: computed from `live_distinct` windows, so it updates every 5 s.
    - `is_count`: grows with each message, so it is a lower bound if coverage is incomplete.
    - `from_helix`: does not come from chat, so it is known even for channels that are not joined.
    - `has_peak`: a maximum over a range is meaningful.
    - `by_length`: grows with the window's length, so windows of different lengths are not comparable.
    - `only_live`: not defined for windows longer than 30 s.
    - `over_range`: its formula over the summed columns of a range, if it differs from `value`.
    - `is_ratio`: also has a 5-minute board: see core/metrics/five_minutes.py.
    - `over_windows`: its formula over the summed columns of 5 min, if it differs from `value`.

    The other fields are documentation; `threshold` contains fields of RankingThresholds in braces.
    """

    key: str
    label: str
    name: str
    unit: str
    decimals: int
    definition: str
    formula: str
    empty: str
    value: Value
    unranked: Unranked = always
    threshold: str = ""
    longer: str = _SAME_FORMULA
    over_range: Value | None = None
    ranged: str = _SAME_OVER_RANGE
    peak: str = _BUSIEST_RATIO
    has_peak: bool = True
    distinct: bool = False
    ranked: bool = True
    is_count: bool = False
    from_helix: bool = False
    by_length: bool = False
    is_ratio: bool = False
    over_windows: Value | None = None
    five_minutes: str = _SAME_OVER_WINDOWS
    only_live: bool = False
    version: int = 1

    @property
    def range_value(self) -> Value:
        """Return the formula over the summed columns of a range."""
        return self.over_range or self.value

    @property
    def windows(self) -> tuple[BoardWindow, ...]:
        """Return the windows of its boards, the default one first."""
        return tuple(BOARD_WINDOW_MS) if self.is_ratio else (DEFAULT_WINDOW,)

    def value_over(self, window: BoardWindow) -> Value:
        """Return the formula over the columns of a board's window."""
        return self.value if window == DEFAULT_WINDOW else self.over_windows or self.value

    def definition_over(self, window: BoardWindow) -> str:
        """Return the definition of its values over a board's window."""
        return self.definition.replace(BOARD_WINDOW_LABEL[DEFAULT_WINDOW], BOARD_WINDOW_LABEL[window])


_MIN_VIEWERS = "{min_viewers:,} viewers"
_MIN_MESSAGES = "{min_messages:,} messages in {window}"
_MIN_CHATTERS = "{min_chatters:,} chatters in {window}"
_NO_WINDOW = "no window"
_NO_MESSAGE = "no messages"

METRICS: tuple[Metric, ...] = (
    Metric(
        "viewers",
        "Most Viewed",
        "Viewers",
        "viewers",
        0,
        "People watching now, as reported by Twitch and updated every 60 s.",
        "the last known viewer count",
        "unknown: Twitch's last response is older than 10 min",
        viewers,
        knows_viewers,
        longer="the mean of the known counts in the window, one per second",
        ranged="the mean of the known counts in the range, one per second: sum of counts / number of counts",
        peak="the highest count",
        from_helix=True,
        version=2,
    ),
    Metric(
        "messages",
        "Most Active",
        "Messages",
        "msg / 30 s",
        0,
        "Chat messages in the past 30 s.",
        "count of messages",
        _NO_WINDOW,
        per_30s("messages"),
        longer="messages x 30 s / observed time, so that ranges are comparable",
        ranged="messages x 30 s / observed time",
        peak=_BUSIEST,
        is_count=True,
    ),
    Metric(
        "engagement",
        "Most Engaged",
        "Messages per minute",
        "per 1k viewers",
        1,
        "Chat messages per minute per 1,000 viewers, over the past 30 s.",
        "messages x 60 / 30 / (viewers / 1,000)",
        "viewer counts are unknown or 0",
        per_minute_per_thousand,
        needs_viewers,
        _MIN_VIEWERS,
        _ENGAGEMENT_OF_MINUTES,
        ranged=_ENGAGEMENT_OF_MINUTES,
        peak=f"{_BUSIEST} with {MIN_VIEWERS} mean viewers or more",
        is_count=True,
        is_ratio=True,
        over_windows=per_minute_per_thousand_of_windows,
        five_minutes="messages per minute of observed time / (mean of the newest viewer counts / 1,000), over ten "
        "30-second windows; windows without observed time or without a viewer count are left out",
        version=3,
    ),
    Metric(
        "spam",
        "Spam Rating",
        "Message length",
        "words / msg",
        2,
        "Mean words per message, over the past 30 s. Long messages are not always spam.",
        "words / messages; words are separated by white space",
        _NO_MESSAGE,
        words_per_message,
        needs_messages,
        _MIN_MESSAGES,
        is_ratio=True,
        version=2,
    ),
    Metric(
        "chatters",
        "Chatters",
        "Chatters",
        "chatters / 30 s",
        0,
        "Distinct people who wrote in the past 30 s.",
        "count of distinct chatters, by a hash whose key changes every UTC day",
        _NO_WINDOW,
        lambda columns, _window_ms: columns.get("chatters"),
        longer="distinct chatters of the whole minute or hour, never summed; an upper bound across midnight UTC",
        over_range=chatters_per_minute,
        ranged="mean per minute, over the minutes heard for 50% or more; never summed",
        peak=_BUSIEST,
        distinct=True,
        is_count=True,
        by_length=True,
    ),
    Metric(
        "excitement",
        "Excitement",
        "Excitement",
        "× usual spread",
        1,
        "Chatters above the channel's baseline, in multiples of its usual spread.",
        "(chatters - median) / max(1.4826 x MAD, sqrt(median), 3), where median and MAD are those of the "
        "channel's windows that ended 30, 60, … 900 s earlier and were heard for 95% or more",
        "warming up: fewer than 10 earlier windows, or less than 95% heard now",
        # Needs more than one window: see core/metrics/excitement.py.
        lambda _columns, _window_ms: None,
        needs_chatters,
        _MIN_CHATTERS,
        "not defined: it is computed every 10 s and stored for 48 h",
        ranged=f"the mean of its 10-second values; {_EXCITEMENT_RANGES}",
        peak=f"the highest 10-second value; {_EXCITEMENT_RANGES}",
        distinct=True,
        only_live=True,
    ),
    Metric(
        "repetition",
        "Repetition",
        "Repetition",
        "% repeated",
        0,
        "Share of messages in the past 30 s that repeat the text of an earlier one.",
        "100 x (1 - different texts / messages), ignoring case and extra spaces",
        _NO_MESSAGE,
        repetition,
        needs_messages,
        _MIN_MESSAGES,
        "100 x (1 - sum of each minute's number of different texts / messages)",
        ranged="100 x (1 - sum of each minute's number of different texts / messages)",
        distinct=True,
        is_ratio=True,
        five_minutes="100 x (1 - sum of the numbers of different texts in each of ten 30-second windows / messages)",
        version=2,
    ),
    Metric(
        "first_time",
        "First-time share",
        "First-time share",
        "% of messages",
        1,
        "Share of messages in the past 30 s that are the author's first ever in this channel.",
        "100 x first messages / messages, as marked by Twitch",
        _NO_MESSAGE,
        share("first_messages"),
        needs_messages,
        _MIN_MESSAGES,
        is_ratio=True,
        version=2,
    ),
    Metric(
        "returning",
        "Returning share",
        "Returning share",
        "% of messages",
        1,
        "Share of messages in the past 30 s by new viewers who returned within 30 days.",
        "100 x messages of returning chatters / messages, as marked by Twitch",
        _NO_MESSAGE,
        share("returning_messages"),
        needs_messages,
        _MIN_MESSAGES,
        is_ratio=True,
        version=2,
    ),
    Metric(
        "subscribers",
        "Subscriber share",
        "Subscriber share",
        "% of messages",
        0,
        "Share of messages in the past 30 s written by subscribers.",
        "100 x messages of subscribers / messages",
        _NO_MESSAGE,
        share("subscriber_messages"),
        needs_messages,
        _MIN_MESSAGES,
        is_ratio=True,
        version=2,
    ),
    Metric(
        "emotes",
        "Emote-only share",
        "Emote-only share",
        "% of messages",
        0,
        "Share of messages in the past 30 s that contain only Twitch emotes.",
        "100 x emote-only messages / messages, as marked by Twitch",
        _NO_MESSAGE,
        share("emote_messages"),
        needs_messages,
        _MIN_MESSAGES,
        is_ratio=True,
        version=2,
    ),
    Metric(
        "removals",
        "Removals",
        "Removals",
        "per 1k messages",
        1,
        "Bans, timeouts and deleted messages per 1,000 messages, over the past 30 s.",
        "1,000 x (bans + timeouts + deletions) / messages, each removal counted when it happens",
        _NO_MESSAGE,
        per_messages("removals", 1000),
        needs_messages,
        _MIN_MESSAGES,
        is_ratio=True,
        version=2,
    ),
    Metric(
        "shared",
        "Shared-chat messages",
        "Shared-chat messages",
        "msg / 30 s",
        0,
        "Messages in the past 30 s that Shared Chat brought from other channels. No other metric counts them.",
        "count of messages whose source is another channel",
        _NO_WINDOW,
        per_30s("copies"),
        longer="messages x 30 s / observed time",
        ranged="messages x 30 s / observed time",
        peak=_BUSIEST,
        ranked=False,
        is_count=True,
    ),
    Metric(
        "coverage",
        "Coverage",
        "Coverage",
        "% of time",
        0,
        f"Share of the window in which the channel was heard. Below {100 * COMPLETE_FROM:g}%, counts are lower bounds.",
        "100 x observed time outside recorded gaps / window length",
        "only before the first window; 0 while the channel is not joined",
        lambda columns, window_ms: 100 * coverage(columns, window_ms),
        ranged="100 x observed time outside recorded gaps / length of the range",
        peak="not defined",
        has_peak=False,
        ranked=False,
        version=2,
    ),
)
METRIC: Mapping[str, Metric] = {metric.key: metric for metric in METRICS}
BOARDS: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.ranked)


class _RecordingColumns(Mapping[str, int]):
    """A mapping in which every column is present, and which records the columns that a formula reads."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> int:
        self.names.add(name)
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def columns_behind(metrics: Iterable[Metric], window_ms: int) -> set[str]:
    """Return the columns that these metrics are computed from. Reading only these columns of history is faster."""
    return columns_read_by((metric.value for metric in metrics), window_ms)


def columns_read_by(formulas: Iterable[Value], window_ms: int) -> set[str]:
    """Return the columns that formulas read in a window of this length."""
    columns = _RecordingColumns()
    for formula in formulas:
        formula(columns, window_ms)
    return columns.names


def excluded_counts(columns: Columns) -> dict[str, int]:
    """Return the counts that no metric includes: shared copies and messages from known bots."""
    return {name: columns[name] for name in ("copies", "bot_messages") if columns.get(name)}


def is_known(metric: str, coverage: float) -> bool:
    """Return whether a metric is known in a window with this coverage.

    In a window that was not heard, counts are unknown, not 0. Viewers come from Helix, and coverage itself is always
    known.
    """
    return coverage > 0 or metric == "coverage" or METRIC[metric].from_helix


def values_of(columns: Columns, window_ms: int, metrics: Iterable[Metric] = METRICS) -> dict[str, float]:
    """Return the metrics of one window's columns; metrics without data are absent."""
    values = ((metric.key, metric.value(columns, window_ms)) for metric in metrics)
    return {key: value for key, value in values if value is not None}
