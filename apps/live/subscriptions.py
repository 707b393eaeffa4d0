"""What a page asks of its live socket, read from the frames that the browser sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.live.board import BOARD_KEYS, CATEGORY_MAX, LANGUAGE_MAX, SIZES, Board
from core.channels.account import is_twitch_id
from core.errors import TwitchlyError
from core.metrics.bands import BAND

FRAME_MAX_BYTES = 4_096
CHANNELS_MAX = 50


class BadFrame(TwitchlyError):
    """A frame that we do not understand. The message is the answer to it; `id` is the subscription it is about."""

    def __init__(self, reason: str, subscription: str | None = None) -> None:
        super().__init__(reason)
        self.id = subscription


@dataclass(frozen=True, slots=True)
class Channels:
    """The live values, profile and recent marks of some channels, in the order of their ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All live channels with their newest values."""


Wish = Board | Channels | Table


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`id` is the page's own name for it: a second wish by the same name takes the place of the first."""

    id: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    id: str


def read_frame(text: str | None, binary: bytes | None) -> Subscribe | Unsubscribe:
    """Return what a frame asks for. Raises: BadFrame."""
    if text is None:
        raise BadFrame(f"This frame is binary ({len(binary or b'')} bytes). Send JSON as text.")
    if len(text.encode(errors="surrogatepass")) > FRAME_MAX_BYTES:  # defense: frame-size
        raise BadFrame(f"This frame is longer than {FRAME_MAX_BYTES:,} bytes.")
    fields = _decode(text)
    if fields.get("type") not in ("subscribe", "unsubscribe"):
        raise BadFrame(f"Unknown type {_short(fields.get('type'))}. Send type “subscribe” or “unsubscribe”.")
    name = fields.get("id")
    if not isinstance(name, str) or re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name, re.ASCII) is None:
        raise BadFrame(f"Id {_short(name)} names no subscription: up to 32 letters, digits, _ and -.")
    if fields["type"] == "unsubscribe":
        return Unsubscribe(name)
    try:
        return Subscribe(name, _wish(fields))
    except BadFrame as error:
        raise BadFrame(str(error), name) from None


def _wish(fields: Mapping[str, Any]) -> Wish:
    match fields.get("kind"):
        case "board":
            return _board(fields)
        case "channels":
            return Channels(read_ids(fields.get("channels")))
        case "table":
            return Table()
        case kind:
            raise BadFrame(f"Unknown kind {_short(kind)}. There are board, channels and table.")


def _board(fields: Mapping[str, Any]) -> Board:
    metric, size = fields.get("metric"), fields.get("size", SIZES[0])
    if metric not in BOARD_KEYS:
        raise BadFrame(f"Unknown metric {_short(metric)}. There are {', '.join(BOARD_KEYS)}.")
    if isinstance(size, bool) or size not in SIZES:
        raise BadFrame(f"Unknown size {_short(size)}. There are {', '.join(map(str, SIZES))}.")
    category, language = _text(fields, "category", CATEGORY_MAX), _text(fields, "language", LANGUAGE_MAX)
    band = _text(fields, "band", LANGUAGE_MAX)
    if band and band not in BAND:
        raise BadFrame(f"Unknown band {_short(band)}. There are {', '.join(BAND)}.")
    return Board(metric, int(size), category, language, band)


def _text(fields: Mapping[str, Any], name: str, longest: int) -> str:
    text = "" if fields.get(name) is None else fields[name]
    if not isinstance(text, str) or len(text) > longest:
        raise BadFrame(f"The {name} is no text of up to {longest} characters.")
    return text


def read_ids(channels: object) -> tuple[str, ...]:
    """Return the ids in a list of them, by order and each once. Raises: BadFrame."""
    if not isinstance(channels, list) or not 0 < len(channels) <= CHANNELS_MAX:
        raise BadFrame(f"Send 1 to {CHANNELS_MAX} channels, as a list of ids.")
    for channel in channels:
        if not isinstance(channel, str) or not is_twitch_id(channel):
            raise BadFrame(f"Channel {_short(channel)} is not an id: send up to 20 digits as a text.")
    return tuple(sorted(set(channels)))


def _decode(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("This frame is not JSON.") from None
    if not isinstance(fields, dict):
        raise BadFrame("This frame is not a JSON object.")
    return fields


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
