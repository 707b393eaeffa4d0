"""Which of the lines that are heard count, and what is added to them. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from apps.ingest.listening.writer import Entry
from apps.ingest.snapshot import Stream
from core.irc import ChatMessage, Line, chat_message
from core.records import message_record
from core.sharding import partition_of


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A message of a channel that is not wanted any more: Twitch has not parted us yet."""

    channel_id: str
    sent_ms: int


class Intake:
    """Turns lines into records; what cannot be used is counted in `rejected`, by reason."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._streams: Mapping[str, Stream] = {}
        self._ids: dict[str, str] = {}
        self._wanted: frozenset[str] = frozenset()
        self.rejected: Counter[str] = Counter()

    def follow(self, streams: Mapping[str, Stream], wanted: frozenset[str]) -> None:
        """Take records of the `wanted` channel ids from now on, with what `streams` tells of them."""
        self._streams = streams
        self._ids |= {stream.login: stream.id for stream in streams.values()}
        self._wanted = wanted

    def id_of(self, login: str) -> str:
        """Return the id of a channel that was ever followed, else an empty text."""
        return self._ids.get(login, "")

    def take(self, line: Line, now_ms: int) -> Entry | Unwanted | None:
        """Return what becomes of a line: a record to write, a message to account for, or nothing."""
        message = chat_message(line)
        if message is None:
            if line.command in ("PRIVMSG", ""):
                self.rejected[f"malformed {line.command or 'line'}"] += 1
            return None
        sent_ms = now_ms if message.sent_ms is None else message.sent_ms
        channel_id = message.room_id or self.id_of(message.channel)
        stream = self._streams.get(channel_id)
        if not channel_id:
            self.rejected["of no known channel"] += 1
        elif channel_id not in self._wanted or stream is None:
            return Unwanted(channel_id, sent_ms)
        elif message.id is None or not message.user:
            self.rejected["without id or user"] += 1
        elif message.is_copy:
            self.rejected["copy from a shared chat"] += 1
        else:
            return self._entry(message, message.id, stream, sent_ms)
        return None

    def _entry(self, message: ChatMessage, message_id: str, stream: Stream, sent_ms: int) -> Entry:
        fields = message_record(
            channel_id=stream.id,
            message_id=message_id,
            sent_ms=sent_ms,
            text=message.text,
            words=message.words,
            viewers=stream.viewers,
            category=stream.category,
            language=stream.language,
        )
        return Entry(partition_of(stream.id, self._partitions), sent_ms, fields, message.user)
