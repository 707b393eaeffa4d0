"""Selections of the board page, parsed from and written to query strings: board, channel, range, metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from apps.live.board import BOARD_KEYS, DEFAULT_BOARD, SIZES, Board, requested_board
from apps.metrics.queries import RANGES, Range, past_range
from apps.metrics.spans import BadSpan, Span, iso, span_from_query
from core.metrics.bands import BAND
from core.metrics.table import METRIC

DEFAULT_RANGE = "10m"
_FIRST = Board()


@dataclass(frozen=True, slots=True)
class Choice:
    """The selections in a query string. Default chart: the board's metric, and the `range` if there is no `span`."""

    board: Board = _FIRST
    channel: str | None = None
    range: str = DEFAULT_RANGE
    metric: str | None = None
    span: Span | None = None

    @property
    def charted(self) -> str:
        """The metric of the chart."""
        return self.metric or self.board.metric

    def chart_range(self, now_ms: int) -> Range:
        """Return the range of the chart."""
        return past_range(self.span.from_ms, self.span.until_ms, now_ms) if self.span else RANGES[self.range]

    def names(self) -> dict[str, str]:
        """Return all query parameters; "" means not selected."""
        board = self.board
        return {
            "board": board.metric,
            "size": str(board.size),
            "category": board.category,
            "language": board.language,
            "band": board.band,
            "channel": self.channel or "",
            "range": self.range,
            "metric": self.metric or "",
            "from": iso(self.span.from_ms) if self.span else "",
            "until": iso(self.span.until_ms) if self.span else "",
        }

    def query(self, **changes: Any) -> str:
        """Return the query string with `changes` applied: parameters by name, or a `span`.

        Parameters that have their default value are omitted.
        """
        parameters = replace(self, span=changes.pop("span", self.span)).names() | changes
        return "?" + urlencode({name: value for name, value in parameters.items() if value != DEFAULTS[name]})


DEFAULTS: Mapping[str, str] = Choice().names()


def read_query(query: Mapping[str, str]) -> Choice:
    """Parse a query string, except its span; unknown values become defaults."""
    metric, size, band = query.get("board", ""), query.get("size", ""), query.get("band", "")
    board = requested_board(
        metric if metric in BOARD_KEYS else DEFAULT_BOARD,
        int(size) if size in map(str, SIZES) else SIZES[0],
        category=query.get("category", ""),
        language=query.get("language", ""),
        band=band if band in BAND else "",
    )
    range_key, charted = query.get("range", ""), query.get("metric", "")
    return Choice(
        board,
        query.get("channel") or None,
        range_key if range_key in RANGES else DEFAULT_RANGE,
        charted if charted in METRIC and charted != board.metric else None,
    )


def parse_range(query: Mapping[str, str], now_ms: int) -> Range:
    """Parse the range of a query string, between two dates or up to now. Raises: BadSpan."""
    range_key = query.get("range", DEFAULT_RANGE)
    if range_key not in RANGES:
        raise BadSpan(f"Unknown range. Choose one of {', '.join(RANGES)}.")
    return Choice(range=range_key, span=span_from_query(query, now_ms)).chart_range(now_ms)
