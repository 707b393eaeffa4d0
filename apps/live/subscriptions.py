"""Subscription requests, parsed from the frames that a page sends over its live socket."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.live.board import BOARD_KEYS, FILTERS, SIZES, Board, requested_board
from core.channels.account import is_twitch_id
from core.channels.stream import CATEGORY_MAX, LANGUAGE_MAX
from core.errors import TwitchlyError
from core.inputs.json_text import InvalidJson, RepeatedMember, read_json
from core.metrics.bands import BAND
from core.metrics.table import METRIC
from core.metrics.windows import DEFAULT_WINDOW

FRAME_MAX_BYTES = 4_096
CHANNELS_MAX = 50


class BadFrame(TwitchlyError):
    """A malformed or unsupported frame. The message is sent back; `id` is the subscription that it concerns."""

    def __init__(self, reason: str, subscription: str | None = None) -> None:
        super().__init__(reason)
        self.id = subscription


@dataclass(frozen=True, slots=True)
class ChannelsSpec:
    """The live values, profiles and recent marks of some channels, sorted by id."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """All live channels with their newest values."""


SubscriptionSpec = Board | ChannelsSpec | TableSpec


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A request to subscribe. `id` is chosen by the page; a second request with the same id replaces the first."""

    id: str
    spec: SubscriptionSpec


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """A request to end a subscription."""

    id: str


def read_frame(text: str | None, binary: bytes | None) -> Subscribe | Unsubscribe:
    """Parse a frame. Raises: BadFrame."""
    if text is None:
        raise BadFrame(f"This frame is binary ({len(binary or b'')} bytes). Send JSON as text.")
    if len(text.encode(errors="surrogatepass")) > FRAME_MAX_BYTES:  # defense: frame-size
        raise BadFrame(f"This frame is longer than {FRAME_MAX_BYTES:,} bytes.")
    fields = _decode(text)
    if fields.get("type") not in ("subscribe", "unsubscribe"):
        raise BadFrame(f"Unknown type {_shortened(fields.get('type'))}. Send type “subscribe” or “unsubscribe”.")
    name = fields.get("id")
    if not isinstance(name, str) or re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name, re.ASCII) is None:
        raise BadFrame(f"{_shortened(name)} is not a valid subscription ID. Use up to 32 letters, digits, _ and -.")
    try:
        if fields["type"] == "unsubscribe":
            _check_fields(fields, ())
            return Unsubscribe(name)
        return Subscribe(name, _spec(fields))
    except BadFrame as error:
        raise BadFrame(str(error), name) from None


def _spec(fields: Mapping[str, Any]) -> SubscriptionSpec:
    match fields.get("kind"):
        case "board":
            _check_fields(fields, ("kind", "metric", "window", "size", *FILTERS))
            return _board(fields)
        case "channels":
            _check_fields(fields, ("kind", "channels"))
            return ChannelsSpec(read_ids(fields.get("channels")))
        case "table":
            _check_fields(fields, ("kind",))
            return TableSpec()
        case kind:
            raise BadFrame(f"Unknown kind {_shortened(kind)}. Use board, channels or table.")


def _check_fields(fields: Mapping[str, Any], known: Sequence[str]) -> None:
    """Reject unknown fields instead of ignoring them. Raises: BadFrame."""
    known = ("type", "id", *known)
    unknown = next((name for name in fields if name not in known), None)
    if unknown is not None:
        raise BadFrame(f"Unknown field {_shortened(unknown)}. Known: {', '.join(known)}.")


def _board(fields: Mapping[str, Any]) -> Board:
    metric, size = fields.get("metric"), fields.get("size", SIZES[0])
    if metric not in BOARD_KEYS:
        raise BadFrame(f"Unknown metric {_shortened(metric)}. Use one of {', '.join(BOARD_KEYS)}.")
    window = fields.get("window", DEFAULT_WINDOW)
    if window not in METRIC[metric].windows:
        raise BadFrame(f"Unknown window {_shortened(window)}. Use one of {', '.join(METRIC[metric].windows)}.")
    if type(size) is not int or size not in SIZES:
        raise BadFrame(f"Unknown size {_shortened(size)}. Use one of {', '.join(map(str, SIZES))}.")
    category, language = _text(fields, "category", CATEGORY_MAX), _text(fields, "language", LANGUAGE_MAX)
    band = _text(fields, "band", LANGUAGE_MAX)
    if band and band not in BAND:
        raise BadFrame(f"Unknown band {_shortened(band)}. Use one of {', '.join(BAND)}.")
    return requested_board(metric, size, category=category, language=language, band=band, window=window)


def _text(fields: Mapping[str, Any], name: str, max_length: int) -> str:
    text = "" if fields.get(name) is None else fields[name]
    if not isinstance(text, str) or len(text) > max_length:
        raise BadFrame(f"The {name} is not a string of up to {max_length} characters.")
    return text


def read_ids(channels: object) -> tuple[str, ...]:
    """Return the ids of a list, sorted and without duplicates. Raises: BadFrame."""
    if not isinstance(channels, list) or not 0 < len(channels) <= CHANNELS_MAX:
        raise BadFrame(f"Send 1 to {CHANNELS_MAX} channels, as a list of IDs.")
    for channel in channels:
        if not isinstance(channel, str) or not is_twitch_id(channel):
            raise BadFrame(f"Channel {_shortened(channel)} is not an ID: send a string of up to 20 digits.")
    return tuple(sorted(set(channels)))


def _decode(text: str) -> dict[str, Any]:
    try:
        fields = read_json(text)
    except RepeatedMember as error:
        raise BadFrame(f"{_shortened(error.member)}: {error}") from None
    except InvalidJson as error:
        raise BadFrame(f"This frame cannot be read as JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise BadFrame("This frame is not a JSON object.")
    return fields


def _shortened(value: object) -> str:
    try:
        text = json.dumps(value)
    except RecursionError:
        return "…"
    return text if len(text) <= 60 else f"{text[:60]}…"
