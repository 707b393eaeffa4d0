"""Comparison parameters, parsed from and written to query strings: channels, metrics, range and layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args
from urllib.parse import urlencode

from django.http import QueryDict

from apps.metrics.chart_ranges import RANGES, Range, named_range, past_range
from apps.metrics.spans import Span, iso, read_span
from core.channels.account import is_twitch_id
from core.inputs.choices import read_choice, read_choices
from core.metrics.columns import STORED_GRAINS, StoredGrain
from core.metrics.table import METRICS
from core.times import HOUR_MS

CHANNELS_MAX = 10
# One chart per metric, one below the other.
METRICS_MAX = 4
# Align lines by clock time, or by the start of each channel's broadcast.
Align = Literal["clock", "stream"]
# Plain values, or an index in which 100 is the channel's own average over the range.
Scale = Literal["values", "index"]
DEFAULT_METRIC, DEFAULT_RANGE = "messages", "1h"
COMPARED = tuple(metric for metric in METRICS if not metric.only_live)
# Longer spans are drawn at a coarser grain, because ten lines would be slow to draw and show no more detail.
_LIVE_SPAN_MS, _MINUTE_SPAN_MS = HOUR_MS, 36 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Comparison:
    """The parameters of a comparison; without a `span` the range ends now.

    `has_previous` means that each channel has a second line: the previous period or, by stream time, its previous
    stream. `errors` reports the parameters that have an unknown value, and lists their choices. `omitted` is the number
    of further channels in the query string.
    """

    channels: tuple[str, ...] = ()
    metrics: tuple[str, ...] = (DEFAULT_METRIC,)
    range: str = DEFAULT_RANGE
    span: Span | None = None
    align: Align = "clock"
    scale: Scale = "values"
    has_previous: bool = False
    errors: tuple[str, ...] = ()
    omitted: int = 0

    def as_json(self) -> dict[str, str | None]:
        """Return the query parameters."""
        return {
            "channels": ",".join(self.channels) or None,
            "metric": ",".join(self.metrics),
            "range": self.range,
            "from": iso(self.span.from_ms) if self.span else None,
            "until": iso(self.span.until_ms) if self.span else None,
            "align": self.align,
            "scale": self.scale,
            "previous": "1" if self.has_previous else None,
        }

    def query(self, **changes: Any) -> str:
        """Return the query string with `changes` applied, without default values."""
        parameters, defaults = replace(self, **changes).as_json(), Comparison().as_json()
        changed = {name: value for name, value in parameters.items() if value and value != defaults[name]}
        return "?" + urlencode(changed, safe=",:")

    @property
    def shows_now(self) -> bool:
        """Whether the range ends now, so that live values are shown too."""
        return self.span is None and self.align == "clock"

    def with_channel(self, channel_id: str) -> Comparison:
        """Return the comparison with one more channel, up to CHANNELS_MAX."""
        return replace(self, channels=tuple(dict.fromkeys((*self.channels, channel_id)))[:CHANNELS_MAX])

    def without(self, channel_id: str) -> Comparison:
        return replace(self, channels=tuple(other for other in self.channels if other != channel_id))


def read_comparison(query: Mapping[str, str], now_ms: int) -> Comparison:
    """Parse a query string; unknown values become defaults and are reported in `errors`. Raises: BadSpan."""
    errors: list[str] = []
    compared = [option.key for option in COMPARED]
    metrics = read_choices(query, "metric", compared, DEFAULT_METRIC, METRICS_MAX, errors)
    range_key = read_choice(query, "range", RANGES, DEFAULT_RANGE, errors)
    align = read_choice(query, "align", get_args(Align), "clock", errors)
    scale = read_choice(query, "scale", get_args(Scale), "values", errors)
    previous = read_choice(query, "previous", ("0", "1"), "0", errors)
    ids = tuple(dict.fromkeys(text for text in query.get("channels", "").split(",") if is_twitch_id(text)))
    return Comparison(
        ids[:CHANNELS_MAX],
        metrics,
        range_key,
        read_span(query.get("from", ""), query.get("until", ""), now_ms),
        cast("Align", align),
        cast("Scale", scale),
        previous == "1",
        tuple(errors),
        max(0, len(ids) - CHANNELS_MAX),
    )


def query_fields(query: QueryDict) -> dict[str, str]:
    """Return the parameters of a request. Repeated channels and metrics, as check boxes send them, are joined."""
    fields = {name: str(value) for name, value in query.dict().items()}
    return fields | {name: ",".join(query.getlist(name)) for name in ("channels", "metric") if name in fields}


def compared_ranges(comparison: Comparison, zeros_ms: Sequence[int], now_ms: int) -> list[Range]:
    """Return the range of each line, given the origin of its time axis: its broadcast's start, or 0 for clock time.

    By stream time, the range covers the first hours of the broadcast, so its end may be in the future. All lines have
    windows and peaks of the same kind: the coarsest windows of any line, and 30-second peaks only if all lines have
    them.
    """
    if comparison.align == "stream":
        length_ms = length_of(comparison)
        ranges = [past_range(zero_ms, zero_ms + length_ms, now_ms) for zero_ms in zeros_ms]
    elif comparison.span:
        ranges = [past_range(comparison.span.from_ms, comparison.span.until_ms, now_ms)] * len(zeros_ms)
    else:
        ranges = [named_range(comparison.range, now_ms)] * len(zeros_ms)
    has_live = all(line_range.has_live for line_range in ranges)
    grains = [_drawn_grain(line_range) for line_range in ranges]
    grain: StoredGrain = max(grains, key=STORED_GRAINS.index, default="live")
    return [replace(line_range, grain=grain, has_live=has_live) for line_range in ranges]


def with_previous(
    ranges: Sequence[Range], shifts_ms: Sequence[int | None], now_ms: int
) -> list[tuple[Range, Range | None]]:
    """Pair each range with the same range moved back by its shift, or with None if the shift is None.

    All ranges use the coarsest grain among them, so that a line and the line for its previous period have the same
    windows.
    """
    earlier = [
        None if shift_ms is None else _earlier(line_range, shift_ms, now_ms)
        for line_range, shift_ms in zip(ranges, shifts_ms, strict=True)
    ]
    grains = [_drawn_grain(line_range) for line_range in (*ranges, *earlier) if line_range]
    grain: StoredGrain = max(grains, key=STORED_GRAINS.index, default="live")
    return [
        (replace(line_range, grain=grain), replace(before, grain=grain) if before else None)
        for line_range, before in zip(ranges, earlier, strict=True)
    ]


def _earlier(line_range: Range, shift_ms: int, now_ms: int) -> Range:
    from_ms, until_ms = line_range.bounds(now_ms)
    return past_range(from_ms - shift_ms, until_ms - shift_ms, now_ms)


def length_of(comparison: Comparison) -> int:
    """Return the length of the compared time span."""
    span = comparison.span
    return span.until_ms - span.from_ms if span else RANGES[comparison.range].span_ms


def _drawn_grain(chart_range: Range) -> StoredGrain:
    """Return a grain coarse enough that ten lines are quick to draw."""
    grain = chart_range.grain
    if grain == "live" and chart_range.span_ms > _LIVE_SPAN_MS:
        grain = "minute"
    return "hour" if grain == "minute" and chart_range.span_ms > _MINUTE_SPAN_MS else grain
