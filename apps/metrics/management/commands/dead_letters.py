"""List, explain and replay the records that could not be used, or look for them on chat."""

from __future__ import annotations

import argparse
import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.metrics.chat_scan import ChatScan
from apps.metrics.dead_letter_reader import DeadLetterBox, fault_today, replay
from apps.metrics.dead_letters import DeadLetters
from core.errors import TwitchlyError
from core.inputs.moments import utc
from core.pipeline.dead_letters import PRIVATE_TOPIC, UNKNOWN, DeadLetter, escaped, kind_of_fault
from core.pipeline.topics import DEAD_LETTERED
from twitchly import kafka

# A letter as it is listed.
Row = dict[str, Any]
# Its records hold what people wrote: of these only place, size and reason are shown.
VALUE_MAX = 2_000
REASON_MAX = 300
REASONS_SHOWN = 20
NO_REPLAY = (
    "letters of chat are kept for looking at and cannot be replayed: "
    "their time has passed in the stream, and Flink's windows have closed"
)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scan", choices=[PRIVATE_TOPIC], help="move what Flink had to ignore since the last scan")
        what = parser.add_subparsers(dest="what", metavar="list | explain | replay")
        listing = what.add_parser("list", help="one line a letter, newest last, then how many of each reason")
        listing.add_argument("topic", nargs="?", choices=DEAD_LETTERED)
        listing.add_argument("--limit", type=whole_number, default=50, help="how many letters, 50 unless told")
        listing.add_argument("--json", action="store_true", dest="as_json", help="one JSON object a line")
        explaining = what.add_parser("explain", help="say all of a letter, and what today's reader makes of it")
        explaining.add_argument("topic", choices=DEAD_LETTERED)
        explaining.add_argument("offset", type=whole_number, help="as listed")
        replaying = what.add_parser("replay", help="put letters back on their topic where today's reader can use them")
        replaying.add_argument("topic", choices=DEAD_LETTERED)
        replaying.add_argument("offset", type=whole_number, nargs="*", help="as listed")
        replaying.add_argument("--all", action="store_true", dest="take_all", help="all that were not replayed yet")

    def handle(self, *_args: Any, what: str | None, scan: str | None, **options: Any) -> None:
        if (what is None) == (scan is None):
            raise CommandError("expected one of list, explain, replay or --scan chat")
        try:
            if what == "list":
                self._list(options["topic"], options["limit"], as_json=options["as_json"])
            elif what == "explain":
                self._explain(options["topic"], options["offset"])
            elif what == "replay":
                self._replay(options["topic"], options["offset"], take_all=options["take_all"])
            else:
                self._scan()
        except TwitchlyError as error:
            raise CommandError(escaped(str(error))) from error

    def _list(self, topic: str | None, limit: int, *, as_json: bool) -> None:
        newest: list[Row] = []
        counts: Counter[tuple[str, str]] = Counter()
        for name in [topic] if topic else DEAD_LETTERED:
            last: deque[Row] = deque(maxlen=limit)
            for row in _rows(name):
                counts[name, kind_of_fault(row["reason"])] += 1
                last.append(row)
            newest += last
        newest.sort(key=lambda row: (row["written_ms"], row["topic"], row["offset"]))
        write = self._write_json if as_json else self._write_lines
        write(newest[max(0, len(newest) - limit) :], counts)

    def _write_json(self, rows: list[Row], counts: Counter[tuple[str, str]]) -> None:
        for row in rows:
            self.stdout.write(json.dumps(row))
        for (topic, reason), count in counts.most_common():
            self.stdout.write(json.dumps({"topic": topic, "reason": reason, "count": count}))

    def _write_lines(self, rows: list[Row], counts: Counter[tuple[str, str]]) -> None:
        for row in rows:
            replayed = "replayed  " if row["replayed"] else ""
            place = f"{row['topic']}/{_known(row['partition'])}/{_known(row['source_offset'])}"
            reason = escaped(row["reason"], REASON_MAX)
            self.stdout.write(
                f"{row['offset']:>6}  {utc(row['written_ms'])}  {place}  {row['bytes']:,} bytes  {replayed}{reason}"
            )
        if not counts:
            self.stdout.write("no dead letters")
        for (topic, reason), count in counts.most_common(REASONS_SHOWN):
            self.stdout.write(f"{count:>6,} of {topic}: {escaped(reason, REASON_MAX)}")
        rest = counts.total() - sum(count for _, count in counts.most_common(REASONS_SHOWN))
        if rest:
            self.stdout.write(f"{rest:>6,} for {len(counts) - REASONS_SHOWN:,} other reasons")

    def _explain(self, topic: str, offset: int) -> None:
        with closing(DeadLetterBox(topic)) as box:
            (letter,) = box.named([offset])
            replayed = offset in box.replayed()
        for name, said in _explanation(topic, letter, replayed=replayed).items():
            self.stdout.write(f"{name:<10}{said}")

    def _replay(self, topic: str, offsets: list[int], *, take_all: bool) -> None:
        if topic == PRIVATE_TOPIC:
            raise CommandError(NO_REPLAY)
        if bool(offsets) == take_all:
            raise CommandError("expected the offsets of letters, or --all")
        with closing(DeadLetterBox(topic)) as box:
            chosen = _unreplayed(box) if take_all else iter(box.named(offsets))
            refused = [self._say(topic, *outcome) for outcome in replay(box, chosen)].count(False)
        if refused and not take_all:
            raise CommandError(f"{refused} of {len(set(offsets))} letters were refused")

    def _say(self, topic: str, offset: int, fault: str | None) -> bool:
        self.stdout.write(f"{topic} {offset}: {'replayed' if fault is None else f'refused: {escaped(fault)}'}")
        return fault is None

    def _scan(self) -> None:
        with closing(ChatScan(DeadLetters(kafka.producer()))) as scan:
            excess = scan.run()
        for reason, count in scan.moved.most_common():
            self.stdout.write(f"{count:>6,} moved: {escaped(reason)}")
        self.stdout.write(f"read {scan.read:,} records of chat, moved {scan.moved.total():,}")
        if excess is not None:
            raise CommandError(
                f"stopped: {escaped(str(excess))}. That one and what follows is left for the next scan, "
                "which has a fresh allowance: look at `manage.py dead_letters list chat` first"
            )


def _rows(topic: str) -> Iterator[Row]:
    with closing(DeadLetterBox(topic)) as box:
        replayed = box.replayed()
        for letter in box.letters():
            yield {
                "topic": topic,
                "offset": letter.offset,
                "written_ms": letter.written_ms,
                "partition": letter.partition,
                "source_offset": letter.source_offset,
                "bytes": letter.length,
                "reason": letter.reason,
                "replayed": letter.offset in replayed,
            }


def _explanation(topic: str, letter: DeadLetter, *, replayed: bool) -> Mapping[str, str]:
    said = {
        "written": utc(letter.written_ms),
        "from": f"{topic}/{_known(letter.partition)}/{_known(letter.source_offset)}",
        "bytes": f"{letter.length:,}, {len(letter.value or b''):,} of them kept",
        "reason": escaped(letter.reason),
        "replayed": "yes" if replayed else "no",
    }
    if topic == PRIVATE_TOPIC:
        return said
    today = escaped(fault_today(topic, letter) or "usable now")
    return {**said, "today": today, "key": _content(letter.key), "value": _content(letter.value)}


def _unreplayed(box: DeadLetterBox) -> Iterator[DeadLetter]:
    replayed = box.replayed()
    return (letter for letter in box.letters() if letter.offset not in replayed)


def _content(content: bytes | None) -> str:
    """Return up to VALUE_MAX characters on one line."""
    return "none" if content is None else escaped(content.decode(errors="backslashreplace"), VALUE_MAX)


def _known(number: int) -> str:
    return "?" if number == UNKNOWN else str(number)


def whole_number(text: str) -> int:
    """Raises: ValueError, ArgumentTypeError."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is less than 0")
    return number
