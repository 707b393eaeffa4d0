"""What a dead letter is: an unusable record as it came, with its place, length and fault in the headers.

A note beside the letters says which of them was put back on its topic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# What Kafka takes in one record, less room for the key and the headers.
LONGEST_BYTES = 900_000
LONGEST_KEY_BYTES = 1_000
# Its records hold what people wrote: its letters have no content.
PRIVATE = "chat"
# Where it is not known: Kafka's own sign for any partition.
NOWHERE = -1

Header = tuple[str, str | bytes | None]


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: its `offset` among the letters of its topic, and the record's own place on that topic.

    `length` and `key_length` are those of the record, in bytes; key and value may have been cut.
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
    def is_cut(self) -> bool:
        """Whether some of the record is lost."""
        return self.length > len(self.value or b"") or self.key_length > len(self.key or b"")


def letter_headers(
    *, topic: str, partition: int, offset: int, key: bytes | None, value: bytes | None, reason: str
) -> list[Header]:
    """Return the headers of the letter that keeps this record."""
    return [
        ("reason", reason.encode(errors="replace")),
        ("from", json.dumps({"topic": topic, "partition": partition, "offset": offset}).encode()),
        ("bytes", str(len(value or b"")).encode()),
        ("key_bytes", str(len(key or b"")).encode()),
    ]


def read_letter(
    *, offset: int, written_ms: int, key: bytes | None, value: bytes | None, headers: Iterable[Header]
) -> Letter:
    """Return a letter; of one that we did not write, what it does not say is unknown."""
    said = _texts(headers)
    place = _place(said.get("from", ""))
    return Letter(
        offset,
        written_ms,
        place.get("partition", NOWHERE),
        place.get("offset", NOWHERE),
        said.get("reason", "unknown"),
        _number(said.get("bytes"), len(value or b"")),
        _number(said.get("key_bytes"), len(key or b"")),
        key,
        value,
    )


def note_headers(offset: int) -> list[Header]:
    """Return the headers of a note: the letter at `offset` was put back on its topic."""
    return [("replayed", str(offset).encode())]


def noted_offset(headers: Iterable[Header]) -> int | None:
    """Return which letter a note speaks of, None for a letter."""
    said = _texts(headers).get("replayed")
    return None if said is None else _number(said, NOWHERE)


def kind_of_fault(reason: str) -> str:
    """Return a reason without its figures, so that those of one kind can be counted together."""
    return re.sub(r"[0-9]+", "N", reason)


def escaped(text: str, longest: int | None = None) -> str:
    """Return text on one line, as a terminal may show it; what is beyond `longest` characters is cut off."""
    shown = text if longest is None else text[:longest]
    safe = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in shown)
    return safe if len(shown) == len(text) else f"{safe}…"


def _texts(headers: Iterable[Header]) -> Mapping[str, str]:
    return {
        name: value.decode(errors="backslashreplace") if isinstance(value, bytes) else value or ""
        for name, value in headers
    }


def _place(text: str) -> dict[str, int]:
    try:
        place: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    known = place if isinstance(place, dict) else {}
    return {name: number for name, number in known.items() if type(number) is int and number >= 0}


def _number(text: str | None, unknown: int) -> int:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,18}", text) else unknown
