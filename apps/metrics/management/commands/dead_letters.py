"""List, explain and replay dead letters, or scan chat for unusable records."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.metrics.chat_scan import ChatScan
from apps.metrics.dead_letter_reader import DeadLetterReader, current_fault, replay
from apps.metrics.dead_letters import DeadLetters
from core.errors import TwitchlyError
from core.inputs.timestamps import iso_utc
from core.pipeline.dead_letters import PRIVATE_TOPIC, UNKNOWN, DeadLetter, escaped, kind_of_fault
from core.pipeline.topics import DEAD_LETTERED
from twitchly import kafka
from twitchly.arguments import whole_number

# A dead letter as listed.
Row = dict[str, Any]
VALUE_MAX = 2_000
REASON_MAX = 300
REASONS_SHOWN = 20
OFFSET_HELP = "offset of a dead letter, as shown by `list`"
NO_REPLAY = (
    "dead letters of chat are kept for inspection and cannot be replayed: Flink's windows for that time have closed"
)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        scan_help = "find the records that Flink ignored since the last scan, and move them to the dead letters"
        parser.add_argument("--scan", choices=[PRIVATE_TOPIC], help=scan_help)
        actions = parser.add_subparsers(dest="action", metavar="list | explain | replay")
        listing = actions.add_parser("list", help="one line per dead letter, newest last, then counts by reason")
        listing.add_argument("topic", nargs="?", choices=DEAD_LETTERED)
        listing.add_argument(
            "--limit", type=whole_number, default=50, help="maximum number of dead letters (default: 50)"
        )
        listing.add_argument("--json", action="store_true", dest="as_json", help="one JSON object per line")
        explaining = actions.add_parser("explain", help="show a dead letter, and whether it is usable now")
        explaining.add_argument("topic", choices=DEAD_LETTERED)
        explaining.add_argument("offset", type=whole_number, help=OFFSET_HELP)
        replaying = actions.add_parser("replay", help="write usable dead letters back to their topic")
        replaying.add_argument("topic", choices=DEAD_LETTERED)
        replaying.add_argument("offset", type=whole_number, nargs="*", help=OFFSET_HELP)
        replaying.add_argument(
            "--all", action="store_true", dest="take_all", help="replay all that have not been replayed yet"
        )

    def handle(self, *_args: Any, action: str | None, scan: str | None, **options: Any) -> None:
        if (action is None) == (scan is None):
            raise CommandError("expected one of list, explain, replay or --scan chat")
        try:
            if action == "list":
                self._list(options["topic"], options["limit"], as_json=options["as_json"])
            elif action == "explain":
                self._explain(options["topic"], options["offset"])
            elif action == "replay":
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
            source = f"{row['topic']}/{_known(row['partition'])}/{_known(row['source_offset'])}"
            reason = escaped(row["reason"], REASON_MAX)
            written = iso_utc(row["written_ms"])
            self.stdout.write(f"{row['offset']:>6}  {written}  {source}  {row['bytes']:,} bytes  {replayed}{reason}")
        if not counts:
            self.stdout.write("no dead letters")
        for (topic, reason), count in counts.most_common(REASONS_SHOWN):
            self.stdout.write(f"{count:>6,}  {topic}  {escaped(reason, REASON_MAX)}")
        rest = counts.total() - sum(count for _, count in counts.most_common(REASONS_SHOWN))
        if rest:
            self.stdout.write(f"{rest:>6,} for {len(counts) - REASONS_SHOWN:,} other reasons")

    def _explain(self, topic: str, offset: int) -> None:
        with closing(DeadLetterReader(topic)) as reader:
            (dead_letter,) = reader.dead_letters_at([offset])
            is_replayed = offset in reader.replayed()
        for name, value in _explanation(topic, dead_letter, is_replayed=is_replayed).items():
            self.stdout.write(f"{name:<10}{value}")

    def _replay(self, topic: str, offsets: list[int], *, take_all: bool) -> None:
        if topic == PRIVATE_TOPIC:
            raise CommandError(NO_REPLAY)
        if bool(offsets) == take_all:
            raise CommandError("expected the offsets of dead letters, or --all")
        with closing(DeadLetterReader(topic)) as reader:
            dead_letters = _unreplayed(reader) if take_all else iter(reader.dead_letters_at(offsets))
            refused = [self._report(topic, *outcome) for outcome in replay(reader, dead_letters)].count(False)
        if refused and not take_all:
            raise CommandError(f"{refused} of {len(set(offsets))} dead letters were rejected")

    def _report(self, topic: str, offset: int, fault: str | None) -> bool:
        self.stdout.write(f"{topic} {offset}: {'replayed' if fault is None else f'rejected: {escaped(fault)}'}")
        return fault is None

    def _scan(self) -> None:
        with closing(ChatScan(DeadLetters(kafka.producer()))) as scan:
            excess = scan.run()
        for reason, count in scan.moved.most_common():
            self.stdout.write(f"{count:>6,}  {escaped(reason)}")
        self.stdout.write(f"read {scan.read:,} records of chat, moved {scan.moved.total():,} to the dead letters")
        if excess is not None:
            raise CommandError(
                f"stopped: {escaped(str(excess))}. The next scan resumes at that record with a fresh limit, "
                "so inspect `manage.py dead_letters list chat` first"
            )


def _rows(topic: str) -> Iterator[Row]:
    with closing(DeadLetterReader(topic)) as reader:
        replayed = reader.replayed()
        for dead_letter in reader.dead_letters():
            yield {
                "topic": topic,
                "offset": dead_letter.offset,
                "written_ms": dead_letter.written_ms,
                "partition": dead_letter.partition,
                "source_offset": dead_letter.source_offset,
                "bytes": dead_letter.length,
                "reason": dead_letter.reason,
                "replayed": dead_letter.offset in replayed,
            }


def _explanation(topic: str, dead_letter: DeadLetter, *, is_replayed: bool) -> Mapping[str, str]:
    fields = {
        "written": iso_utc(dead_letter.written_ms),
        "from": f"{topic}/{_known(dead_letter.partition)}/{_known(dead_letter.source_offset)}",
        "bytes": f"{dead_letter.length:,}, {len(dead_letter.value or b''):,} of them kept",
        "reason": escaped(dead_letter.reason),
        "replayed": "yes" if is_replayed else "no",
    }
    if topic == PRIVATE_TOPIC:
        # Records of chat contain what people wrote, so only position, size and reason are shown.
        return fields
    now = escaped(current_fault(topic, dead_letter) or "usable now")
    return {**fields, "now": now, "key": _content(dead_letter.key), "value": _content(dead_letter.value)}


def _unreplayed(reader: DeadLetterReader) -> Iterator[DeadLetter]:
    replayed = reader.replayed()
    return (dead_letter for dead_letter in reader.dead_letters() if dead_letter.offset not in replayed)


def _content(content: bytes | None) -> str:
    """Return up to VALUE_MAX characters on one line."""
    return "none" if content is None else escaped(content.decode(errors="backslashreplace"), VALUE_MAX)


def _known(number: int) -> str:
    return "?" if number == UNKNOWN else str(number)
