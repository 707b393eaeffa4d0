"""Selections of the board page, parsed from and written to query strings: board, window, channel, range, metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from apps.live.board import BOARD_KEYS, DEFAULT_BOARD, SIZES, Board, requested_board
from apps.metrics.chart_ranges import RANGES, Range, named_range, past_range
from apps.metrics.spans import BadSpan, Span, iso, span_from_query
from core.inputs.choices import read_choice
from core.metrics.bands import BAND
from core.metrics.table import METRIC
from core.metrics.windows import BOARD_WINDOW_MS, DEFAULT_WINDOW

DEFAULT_RANGE = "10m"
_DEFAULT = Board()


@dataclass(frozen=True, slots=True)
class Choice:
    """The selections in a query string.

    By default, the chart shows the board's metric. It covers the `range` if there is no `span`.

    `window` keeps its value on boards that do not offer it, so that it applies again on the next board that does.
    `errors` reports the parameters that have an unknown value, and lists their choices.
    """

    board: Board = _DEFAULT
    channel: str | None = None
    range: str = DEFAULT_RANGE
    metric: str | None = None
    span: Span | None = None
    window: str = DEFAULT_WINDOW
    errors: tuple[str, ...] = ()

    @property
    def charted(self) -> str:
        """The metric of the chart."""
        return self.metric or self.board.metric

    def chart_range(self, now_ms: int) -> Range:
        """Return the range of the chart."""
        return (
            past_range(self.span.from_ms, self.span.until_ms, now_ms) if self.span else named_range(self.range, now_ms)
        )

    def parameters(self) -> dict[str, str]:
        """Return all query parameters; "" means not selected."""
        board = self.board
        return {
            "board": board.metric,
            "window": self.window,
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
        parameters = replace(self, span=changes.pop("span", self.span)).parameters() | changes
        return "?" + urlencode({name: value for name, value in parameters.items() if value != DEFAULTS[name]})


DEFAULTS: Mapping[str, str] = Choice().parameters()


def read_query(query: Mapping[str, str]) -> Choice:
    """Parse a query string, except its span; unknown values become defaults and are reported in `errors`."""
    errors: list[str] = []
    window = read_choice(query, "window", BOARD_WINDOW_MS, DEFAULT_WINDOW, errors)
    board = requested_board(
        read_choice(query, "board", BOARD_KEYS, DEFAULT_BOARD, errors),
        int(read_choice(query, "size", [str(size) for size in SIZES], str(SIZES[0]), errors)),
        category=query.get("category", ""),
        language=query.get("language", ""),
        band=read_choice(query, "band", BAND, "", errors),
        window=window,
    )
    range_key = read_choice(query, "range", RANGES, DEFAULT_RANGE, errors)
    charted = read_choice(query, "metric", METRIC, board.metric, errors)
    return Choice(
        board,
        query.get("channel") or None,
        range_key,
        None if charted == board.metric else charted,
        window=window,
        errors=tuple(errors),
    )


def parse_range(query: Mapping[str, str], now_ms: int) -> Range:
    """Parse the range of a query string, between two dates or up to now. Raises: BadSpan."""
    errors: list[str] = []
    range_key = read_choice(query, "range", RANGES, DEFAULT_RANGE, errors)
    if errors:
        raise BadSpan(" ".join(errors))
    return Choice(range=range_key, span=span_from_query(query, now_ms)).chart_range(now_ms)
