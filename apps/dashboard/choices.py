"""What a page is asked to show: a board, a channel and a range, as its address names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from apps.live.board import BOARD_KEYS, CATEGORY_MAX, DEFAULT_BOARD, LANGUAGE_MAX, SIZES, Board
from apps.metrics.queries import RANGES, Range, past_range
from apps.metrics.spans import BadSpan, Span, iso, span_from_query
from core.metrics.bands import BAND
from core.metrics.table import METRIC

DEFAULT_RANGE = "10m"
_FIRST = Board()


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address of the page names; without a `metric` the board's is charted, without a `span` the range."""

    board: Board = _FIRST
    channel: str | None = None
    range: str = DEFAULT_RANGE
    metric: str | None = None
    span: Span | None = None

    @property
    def charted(self) -> str:
        """The metric that the chart shows."""
        return self.metric or self.board.metric

    def shown(self, now_ms: int) -> Range:
        """Return the range that the chart shows."""
        return past_range(self.span.from_ms, self.span.until_ms, now_ms) if self.span else RANGES[self.range]

    def names(self) -> dict[str, str]:
        """Return the choice as the address has it, whole; "" is what nobody chose."""
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
        """Return the address of the same page with `changes`: texts by name, or a `span`.

        What has its default is left out.
        """
        wanted = replace(self, span=changes.pop("span", self.span)).names() | changes
        return "?" + urlencode({name: value for name, value in wanted.items() if value != DEFAULTS[name]})


DEFAULTS: Mapping[str, str] = Choice().names()


def read_query(query: Mapping[str, str]) -> Choice:
    """Return the choice in a query string, without its span; what does not exist becomes the default."""
    metric, size, band = query.get("board", ""), query.get("size", ""), query.get("band", "")
    board = Board(
        metric if metric in BOARD_KEYS else DEFAULT_BOARD,
        int(size) if size in map(str, SIZES) else SIZES[0],
        query.get("category", "")[:CATEGORY_MAX],
        query.get("language", "")[:LANGUAGE_MAX],
        band if band in BAND else "",
    )
    range_key, charted = query.get("range", ""), query.get("metric", "")
    return Choice(
        board,
        query.get("channel") or None,
        range_key if range_key in RANGES else DEFAULT_RANGE,
        charted if charted in METRIC and charted != board.metric else None,
    )


def asked_range(query: Mapping[str, str], now_ms: int) -> Range:
    """Return the range that a query string asks for, between two dates or up to now. Raises: BadSpan."""
    range_key = query.get("range", DEFAULT_RANGE)
    if range_key not in RANGES:
        raise BadSpan(f"There is no such range. There are {', '.join(RANGES)}.")
    return Choice(range=range_key, span=span_from_query(query, now_ms)).shown(now_ms)
