"""What a page or a socket asks to see, read from what the browser sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from apps.dashboard.channel.spans import Span, iso
from apps.metrics.queries import RANGES, Range, past_range
from core.errors import TwitchlyError
from core.metrics import BOARDS, METRIC

BOARD_KEYS = tuple(board.key for board in BOARDS)
DEFAULT_BOARD = BOARD_KEYS[0]
DEFAULT_RANGE = "10m"
FRAME_MAX_BYTES = 4_096


class BadFrame(TwitchlyError):
    """A websocket frame that we do not understand. The message is the answer to it."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a socket wants: a board and perhaps a channel."""

    board: str
    channel: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address of the page names; without a `metric` the board's is charted, without a `span` the range."""

    board: str = DEFAULT_BOARD
    channel: str | None = None
    range: str = DEFAULT_RANGE
    metric: str | None = None
    span: Span | None = None

    @property
    def charted(self) -> str:
        """The metric that the chart shows."""
        return self.metric or self.board

    def shown(self, now_ms: int) -> Range:
        """Return the range that the chart shows."""
        return past_range(self.span.from_ms, self.span.until_ms, now_ms) if self.span else RANGES[self.range]

    def as_json(self) -> dict[str, str | None]:
        """Return the fields of the address, None for what it leaves open."""
        return {
            "board": self.board,
            "channel": self.channel,
            "range": self.range,
            "metric": self.metric,
            "from": iso(self.span.from_ms) if self.span else None,
            "until": iso(self.span.until_ms) if self.span else None,
        }

    def query(self, **changes: Any) -> str:
        """Return the address of the same page with `changes`; what has its default is left out."""
        wanted, defaults = replace(self, **changes).as_json(), Choice().as_json()
        return "?" + urlencode({name: value for name, value in wanted.items() if value and value != defaults[name]})


def is_channel_id(text: str) -> bool:
    """Tell whether `text` looks like one of Twitch's channel ids."""
    return re.fullmatch(r"[0-9]{1,20}", text, re.ASCII) is not None


def read_query(query: Mapping[str, str]) -> Choice:
    """Return the choice in a query string, without its span; what does not exist becomes the default."""
    board, range_key, metric = query.get("board", ""), query.get("range", ""), query.get("metric", "")
    board = board if board in BOARD_KEYS else DEFAULT_BOARD
    return Choice(
        board,
        query.get("channel") or None,
        range_key if range_key in RANGES else DEFAULT_RANGE,
        metric if metric in METRIC and metric != board else None,
    )


def read_frame(text: str | None, binary: bytes | None) -> Watch:
    """Return what a websocket frame asks for. Raises: BadFrame."""
    if text is None:
        raise BadFrame(f"This frame is binary ({len(binary or b'')} bytes). Send JSON as text.")
    if len(text.encode(errors="surrogatepass")) > FRAME_MAX_BYTES:
        raise BadFrame(f"This frame is longer than {FRAME_MAX_BYTES:,} bytes.")
    fields = _decode(text)
    if fields.get("type") != "watch":
        raise BadFrame(f"Unknown type {_short(fields.get('type'))}. Send type “watch”.")
    if fields.get("board") not in BOARD_KEYS:
        raise BadFrame(f"Unknown board {_short(fields.get('board'))}. There are {', '.join(BOARD_KEYS)}.")
    return Watch(fields["board"], _channel(fields.get("channel")))


def _decode(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("This frame is not JSON.") from None
    if not isinstance(fields, dict):
        raise BadFrame("This frame is not a JSON object.")
    return fields


def _channel(channel: object) -> str | None:
    if channel is None:
        return None
    if not isinstance(channel, str) or not is_channel_id(channel):
        raise BadFrame(f"Channel {_short(channel)} is not an id: send up to 20 digits as a text, or null.")
    return channel


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
