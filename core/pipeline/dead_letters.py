"""Format of dead letters: unusable records, unchanged, with source offset, length and fault in the headers.

A replay note on the same topic marks a dead letter that was written back to its source topic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Kafka's maximum record size minus room for the key and the headers.
MAX_VALUE_BYTES = 900_000
MAX_KEY_BYTES = 1_000
# The records of this topic contain chat text, so their dead letters do not include the content.
PRIVATE_TOPIC = "chat"
# Unknown partition or offset; Kafka's value for an unset partition.
UNKNOWN = -1

Header = tuple[str, str | bytes | None]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter: its `offset` on the dead-letter topic, and the record's partition and offset on the source topic.

    `length` and `key_length` are the record's original sizes in bytes; key and value may be truncated.
    """

    offset: int
    written_ms: int
    partition: int
    source_offset: int
    reason: str
    length: int
    key_length: int
    key: bytes | None
    value: bytes | None

    @property
    def is_truncated(self) -> bool:
        """True if the key or the value is truncated."""
        return self.length > len(self.value or b"") or self.key_length > len(self.key or b"")


def dead_letter_headers(
    *, topic: str, partition: int, offset: int, key: bytes | None, value: bytes | None, reason: str
) -> list[Header]:
    """Return the headers of the dead letter for this record."""
    return [
        ("reason", reason.encode(errors="replace")),
        ("from", json.dumps({"topic": topic, "partition": partition, "offset": offset}).encode()),
        ("bytes", str(len(value or b"")).encode()),
        ("key_bytes", str(len(key or b"")).encode()),
    ]


def parse_dead_letter(
    *, offset: int, written_ms: int, key: bytes | None, value: bytes | None, headers: Iterable[Header]
) -> DeadLetter:
    """Parse a dead letter; missing headers become unknown values."""
    texts = _texts(headers)
    source = _source(texts.get("from", ""))
    return DeadLetter(
        offset,
        written_ms,
        source.get("partition", UNKNOWN),
        source.get("offset", UNKNOWN),
        texts.get("reason", "unknown"),
        _number(texts.get("bytes"), len(value or b"")),
        _number(texts.get("key_bytes"), len(key or b"")),
        key,
        value,
    )


def replay_note_headers(offset: int) -> list[Header]:
    """Return the headers of a replay note: the dead letter at `offset` was written back."""
    return [("replayed", str(offset).encode())]


def replayed_offset(headers: Iterable[Header]) -> int | None:
    """Return the offset in a replay note, or None for a dead letter."""
    texts = _texts(headers).get("replayed")
    return None if texts is None else _number(texts, UNKNOWN)


def kind_of_fault(reason: str) -> str:
    """Replace the numbers in a reason, so that equal faults can be counted together."""
    return re.sub(r"[0-9]+", "N", reason)


def escaped(text: str, max_length: int | None = None) -> str:
    """Escape text for a terminal, on one line, truncated to `max_length` characters."""
    visible = text if max_length is None else text[:max_length]
    safe = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in visible
    )
    return safe if len(visible) == len(text) else f"{safe}…"


def _texts(headers: Iterable[Header]) -> Mapping[str, str]:
    return {
        name: value.decode(errors="backslashreplace") if isinstance(value, bytes) else value or ""
        for name, value in headers
    }


def _source(text: str) -> dict[str, int]:
    try:
        source: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    known = source if isinstance(source, dict) else {}
    return {name: number for name, number in known.items() if type(number) is int and number >= 0}


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,18}", text) else default
