"""Playback of recorded chat: channels become streams, and rows are due with their original timing.

A recording is a CSV file, optionally gzipped, with the columns `arrived_at` (ISO 8601, UTC), `channel`, `user` and
`text`, saved by a program or a spreadsheet.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TextIO
from uuid import UUID

from core.errors import TwitchlyError
from core.inputs.csv_files import Reader, read_csv
from core.inputs.timestamps import parse_timestamp
from simulator import phrases
from simulator.broadcasts import drifted
from simulator.source import (
    DEFAULT_MODES,
    Channel,
    Chat,
    Chatter,
    Stream,
    digits_of,
    name_channels,
)

log = logging.getLogger(__name__)

COLUMNS = ("arrived_at", "channel", "user", "text")
GZIP = b"\x1f\x8b"
LOGIN = re.compile(r"[a-z0-9_]{1,40}")
# Total viewers of a recording, distributed like its messages.
VIEWERS = 400_000


class BadRecording(TwitchlyError):
    """The file is missing or not a recording."""


@dataclass(frozen=True, slots=True)
class Row:
    """A valid row; `arrived_ms` is ms since the epoch."""

    arrived_ms: float
    login: str
    user: str
    text: str


class Recording:
    """A source that plays the rows of `path` at `speed` times their original rate."""

    def __init__(self, path: Path, speed: float) -> None:
        """Read the whole file to detect errors before anything is sent. Raises: BadRecording."""
        self._path = path
        self._speed = speed
        rows = Counter(row.login if row else "" for row in read_rows(path))
        self.malformed = rows.pop("", 0)
        if not rows:
            raise BadRecording(f"{path} has no valid row ({self.malformed} malformed): expected {', '.join(COLUMNS)}")
        self.rows = rows.total()
        self._messages = rows
        self.channels: Sequence[Channel] = name_channels(sorted(rows))
        self._channel = {channel.login: channel for channel in self.channels}
        self._run = ""
        self._sent = 0
        self._remaining: Iterator[Row] = iter(())
        self._next: Row | None = None
        self._origin_ms = 0.0
        self._start_ms = 0

    def continue_from(self, run: str, sent: int) -> None:
        """Prepare to play from row `sent`; message ids depend on the id of the `run`."""
        self._run = run
        self._sent = sent
        self._remaining = (row for row in read_rows(self._path) if row)
        for _ in range(sent):
            next(self._remaining, None)
        self._next = next(self._remaining, None)

    @property
    def finished(self) -> bool:
        """True if every row has been sent."""
        return self._next is None

    def start(self, now_ms: int) -> None:
        """Start playback; the next row is due at `now_ms`."""
        self._start_ms = now_ms
        self._origin_ms = self._next.arrived_ms if self._next else 0.0

    def due(self, now_ms: int) -> Iterator[Chat]:
        """Yield the messages due by `now_ms`, in file order; messages that are not consumed remain due."""
        while self._next is not None:
            row = self._next
            due_ms = self._start_ms + (row.arrived_ms - self._origin_ms) / self._speed
            if due_ms > now_ms:
                return
            chat = Chat(row_id(self._run, self._sent), self._channel[row.login], _chatter(row.user), row.text, due_ms)
            self._sent += 1
            self._next = next(self._remaining, None)
            yield chat

    def streams(self, now_ms: int) -> list[Stream]:
        """Return the recorded channels as streams by descending viewers; they remain live after the last row."""
        streams = [self._stream(channel, now_ms) for channel in self.channels]
        return sorted(streams, key=lambda stream: (-stream.viewers, stream.channel.id))

    def modes(self, channel: Channel, now_ms: int) -> Mapping[str, int]:  # noqa: ARG002 - a recording has none
        """Return the default modes, because recordings have none."""
        return DEFAULT_MODES

    def _stream(self, channel: Channel, now_ms: int) -> Stream:
        number = int(channel.id)
        category = phrases.CATEGORIES[number % len(phrases.CATEGORIES)]
        viewers = 100 + VIEWERS * self._messages[channel.login] / self.rows
        day_ms = 86_400_000
        return Stream(
            id=str(digits_of(f"stream {channel.id} {now_ms // day_ms}", 11)),
            channel=channel,
            viewers=drifted(viewers, 900 + number % 3_600, number % 97 / 97, now_ms),
            category_id=str(digits_of(f"category {category}", 6)),
            category=category,
            language="en",
            title="Played back from a recording",
            tags=("Recording",),
            started_ms=now_ms // day_ms * day_ms,
        )


def read_rows(path: Path) -> Iterator[Row | None]:
    """Yield the file's rows, with None for each malformed one. Raises: BadRecording if the file is unreadable."""
    try:
        with _open(path) as file:
            lines = read_csv(file)
            header = _header(lines, path)
            missing = [name for name in COLUMNS if name not in header]
            if missing:
                raise BadRecording(f"{path} lacks the columns {', '.join(missing)}; the first line must be the header")
            at = [header.index(name) for name in COLUMNS]
            while (fields := _next_fields(lines)) is not None:
                yield _row(fields, at)
    except (OSError, EOFError, zlib.error) as error:
        raise BadRecording(f"cannot read the recording {path}: {error}") from None


def row_id(run: str, index: int) -> str:
    """Return the message id of a row, which is the same in every process of this run."""
    digest = hashlib.md5(f"{run} {index}".encode(), usedforsecurity=False).digest()
    return str(UUID(bytes=digest, version=4))


def rows_sent(run: str, rows: int, last_id: str | None) -> int:
    """Return how many rows of the run have been sent, given the newest id in the ledger."""
    return next((index + 1 for index in range(rows) if row_id(run, index) == last_id), 0)


def _open(path: Path) -> TextIO:
    with path.open("rb") as file:
        is_gzipped = file.read(2) == GZIP
    if is_gzipped:
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _header(lines: Reader, path: Path) -> list[str]:
    try:
        return [name.strip().lower() for name in next(lines, [])]
    except csv.Error as error:
        raise BadRecording(f"line {lines.line_num} of {path} is not CSV: {error}") from None


def _next_fields(lines: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(lines, None)
    except csv.Error:
        return []


def _row(fields: list[str], at: Sequence[int]) -> Row | None:
    if len(fields) <= max(at):
        return None
    arrived_at, channel, user, text = (fields[index] for index in at)
    login = channel.removeprefix("#").lower()
    # A line break in the text would split the line on the wire.
    if not (LOGIN.fullmatch(login) and LOGIN.fullmatch(user.lower()) and text.strip()) or set("\r\n\0") & set(text):
        return None
    arrived = parse_timestamp(arrived_at, zone=UTC)
    return None if arrived is None else Row(arrived.timestamp() * 1000, login, user, text)


def _chatter(user: str) -> Chatter:
    number = digits_of(f"user {user.lower()}", 10)
    return Chatter(str(number), user.lower(), user, phrases.COLORS[number % len(phrases.COLORS)])
