"""File format of the simulated Twitch's ledger. See core/proof/comparison.py for its use.

One append-only file per UTC hour of `sent_ms` with one tab-separated line per message or notice: id, channel id,
`sent_ms`, number of joined connections that receive it, kind. An entry is written before its message is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.times import HOUR_MS

FILE_FORMAT = "%Y-%m-%dT%H.tsv"
# A gift in a gift bomb, already counted by the bomb's notice.
BOMB_GIFT = "bombgift"
# A restarted writer appends this to an incomplete line, so that the line cannot be parsed as an entry.
TORN_END = b"\ttorn\t\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """A sent message or notice: `connections` is the number of joined connections that received it.

    `kind` is "message", "copy" (a shared copy), BOMB_GIFT, the msg-id of another notice, "ban", "timeout", "clear",
    "deletion" or "mode".
    """

    id: str
    channel_id: str
    sent_ms: int
    connections: int
    kind: str = "message"


def file_name(sent_ms: int) -> str:
    """Return the name of the hour's file."""
    return datetime.fromtimestamp(sent_ms // HOUR_MS * 3_600, UTC).strftime(FILE_FORMAT)


def file_hour_ms(name: str) -> int | None:
    """Return the start of a ledger file's hour, or None for any other file."""
    try:
        return int(datetime.strptime(name, FILE_FORMAT).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None


def format_entry(entry: Entry) -> bytes:
    """Format an entry as a line."""
    return f"{entry.id}\t{entry.channel_id}\t{entry.sent_ms}\t{entry.connections}\t{entry.kind}\n".encode()


def parse_entry(line: bytes) -> Entry | None:
    """Parse a line. Return None if it is incomplete: in that case, nothing was sent."""
    fields = line.split(b"\t")
    if len(fields) != 5 or not line.endswith(b"\n"):
        return None
    try:
        return Entry(fields[0].decode(), fields[1].decode(), int(fields[2]), int(fields[3]), fields[4].strip().decode())
    except ValueError:
        return None
