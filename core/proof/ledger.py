"""The ledger of the simulated Twitch: its format. What it proves is in core/proof/comparison.py.

One file per UTC hour of `sent_ms`, append only, one line a message or notice: id, channel id, `sent_ms`, the number
of joined connections it goes to and its kind, separated by tabs. A line is written before it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.times import HOUR_MS

FILE_FORMAT = "%Y-%m-%dT%H.tsv"
# A gift of a gift bomb, which the bomb's own notice has counted.
BOMB_GIFT = "bombgift"
# What a restarted writer appends to an unfinished line: no line that ends like this can be read as an entry.
TORN_END = b"\ttorn\t\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message or notice as sent: `connections` is how many joined connections it went to.

    `kind` is "message", "copy" (a message from another channel, by shared chat), BOMB_GIFT, the msg-id of another
    notice, "ban", "timeout", "clear", "deletion" or "mode".
    """

    id: str
    channel_id: str
    sent_ms: int
    connections: int
    kind: str = "message"


def file_name(sent_ms: int) -> str:
    """Return the name of the file that holds the entries of this hour."""
    return datetime.fromtimestamp(sent_ms // HOUR_MS * 3_600, UTC).strftime(FILE_FORMAT)


def file_hour_ms(name: str) -> int | None:
    """Return when the hour of a ledger file began; None for a file of another kind."""
    try:
        return int(datetime.strptime(name, FILE_FORMAT).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None


def format_entry(entry: Entry) -> bytes:
    """Return the entry's line."""
    return f"{entry.id}\t{entry.channel_id}\t{entry.sent_ms}\t{entry.connections}\t{entry.kind}\n".encode()


def parse_entry(line: bytes) -> Entry | None:
    """Return the entry in a line; None for a torn one, of which nothing was sent."""
    fields = line.split(b"\t")
    if len(fields) != 5 or not line.endswith(b"\n"):
        return None
    try:
        return Entry(fields[0].decode(), fields[1].decode(), int(fields[2]), int(fields[3]), fields[4].strip().decode())
    except ValueError:
        return None
