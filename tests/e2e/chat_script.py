"""Random Twitch chat, passed through the producer's steps: parser, intake, writer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from confluent_kafka import Producer
from hypothesis import strategies as st

from apps.ingest.listening.writer import Writer
from core.channels.rules import IntakeRules
from core.channels.stream import Stream
from core.irc.lines import parse
from core.pipeline.intake import Intake
from core.pipeline.unstamped import UnstampedRecord

CHANNELS = 3
PARTITIONS = 4
OPTED_OUT = 5
TEXTS = ("gg", "GG ", "what a play", "", "three more words", "gg  gg", "😂 so good")
TRAITS = ("first-msg", "returning-chatter", "subscriber", "emote-only")
KEYS = {day: bytes([day]) * 32 for day in range(2)}

Kind = Literal["message", "copy", "bot", "ban", "deletion"]


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One line, `after_ms` after the previous one. It is sent `times` times; its timestamp is `late_ms` before that."""

    after_ms: int
    channel: int
    kind: Kind = "message"
    user: int = 0
    text: str = "gg"
    late_ms: int = 0
    times: int = 1
    traits: frozenset[str] = frozenset()
    viewers: int | None = 100
    observed_ms: int = 1000


# Simple values first, because a failing example shrinks toward them.
script_lines = st.builds(
    ScriptLine,
    after_ms=st.one_of(st.integers(0, 3_000), st.sampled_from([30_000, 61_000, 1_500_000])),
    channel=st.integers(0, CHANNELS - 1),
    kind=st.sampled_from(["message", "message", "message", "copy", "bot", "ban", "deletion"]),
    user=st.integers(0, OPTED_OUT),
    text=st.sampled_from(TEXTS),
    late_ms=st.sampled_from([0, 0, 100, 499, 501, 5_000, -3_000]),
    times=st.integers(1, 2),
    traits=st.sets(st.sampled_from(TRAITS)).map(frozenset),
    viewers=st.none() | st.integers(0, 200_000),
    observed_ms=st.sampled_from([1000, 400, 0]),
)
script = st.lists(script_lines, min_size=1, max_size=60)


class ScriptWriter:
    """Passes scripts through a producer's steps; each script has its own channels and starts after the previous one."""

    def __init__(self, producer: Producer, start_ms: int) -> None:
        self.now_ms = start_ms
        self._count = 0
        self._first_id = 1_000
        self._writer = Writer(
            producer,
            name="script",
            limit=1_000_000,
            now_ms=lambda: self.now_ms,
            hash_key=lambda day: KEYS[(day - dt.date(2024, 1, 1)).days % 2],
            # Constant, because between scripts the test waits longer for the job than a producer may stall.
            running_s=lambda: 0.0,
        )
        self._writer.own(dict.fromkeys(range(PARTITIONS), start_ms))

    def write(self, lines: Sequence[ScriptLine], times: Sequence[int] = ()) -> list[str]:
        """Write a script with a pulse every second; return the ids of its channels.

        `times`, if given, replaces the times of the script's lines.
        """
        ids = [str(self._first_id + n) for n in range(CHANNELS)]
        self._first_id += CHANNELS
        intake = Intake(PARTITIONS, count_bots=False)
        intake.set_rules(IntakeRules(frozenset({"bot"}), frozenset(), frozenset({str(OPTED_OUT)})))
        for number, line in enumerate(lines):
            self._set_channels(intake, ids, line)
            line_ms = times[number] if times else self.now_ms + line.after_ms
            self._write_pulses(intake, ids, line, line_ms)
            self.now_ms = line_ms
            for raw in self._lines(ids, line):
                self._receive(intake, raw)
            self._writer.step()
        return ids

    def close(self, until_ms: int, sentinels: Sequence[str]) -> None:
        """Write a last pulse for each sentinel, then advance event time past `until_ms`, which closes every window."""
        intake = Intake(PARTITIONS, count_bots=False)
        intake.set_channels({i: _stream(i, 7) for i in sentinels}, frozenset(sentinels), know_viewers=True)
        self._write_pulse_of_each(intake, sentinels, 1000)
        self.now_ms = until_ms + 1_000
        self._writer.put_watermarks(0)
        self._writer.flush(30)
        assert not self._writer.buffered
        assert not self._writer.in_flight

    def _set_channels(self, intake: Intake, ids: Sequence[str], line: ScriptLine) -> None:
        streams = {channel_id: _stream(channel_id, line.viewers) for channel_id in ids}
        intake.set_channels(streams, frozenset(ids), know_viewers=line.viewers is not None)

    def _write_pulses(self, intake: Intake, ids: Sequence[str], line: ScriptLine, line_ms: int) -> None:
        """Write the pulses until `line_ms`, but none if it is over 3 s away, as if the producer had been down."""
        if line_ms - self.now_ms <= 3_000:
            for second in range(self.now_ms // 1000 + 1, line_ms // 1000 + 1):
                self.now_ms = second * 1000
                self._write_pulse_of_each(intake, ids, line.observed_ms)

    def _write_pulse_of_each(self, intake: Intake, ids: Sequence[str], observed_ms: int) -> None:
        end_ms = self.now_ms // 1000 * 1000
        for channel_id in ids:
            if (entry := intake.pulse(channel_id, observed_ms, end_ms)) is not None:
                self._writer.put(entry)

    def _receive(self, intake: Intake, raw: bytes) -> None:
        line = parse(raw)
        if line.command == "PRIVMSG":
            record = intake.take(line, self.now_ms)
            if isinstance(record, UnstampedRecord):
                self._writer.put(record)
            return
        for notice in intake.notice(line, self.now_ms):
            if isinstance(notice, UnstampedRecord):
                self._writer.put(notice)

    def _lines(self, ids: Sequence[str], line: ScriptLine) -> Iterator[bytes]:
        self._count += 1
        raw = _raw(ids[line.channel], line, self._count, self.now_ms - line.late_ms)
        yield from [raw] * line.times


def _stream(channel_id: str, viewers: int | None) -> Stream:
    return Stream(channel_id, f"c{channel_id}", "", viewers, "", "", "", "")


def _raw(channel_id: str, line: ScriptLine, number: int, sent_ms: int) -> bytes:
    tags = [f"room-id={channel_id}", f"tmi-sent-ts={sent_ms}"]
    channel = f"#c{channel_id}"
    if line.kind == "ban":
        return f"@{';'.join([*tags, f'target-user-id={line.user}'])} :tmi.twitch.tv CLEARCHAT {channel} :u".encode()
    if line.kind == "deletion":
        return f"@{';'.join([*tags, f'target-msg-id={number}'])} :tmi.twitch.tv CLEARMSG {channel} :x".encode()
    tags += [f"id={number}", f"user-id={line.user}", *(f"{trait}=1" for trait in line.traits)]
    if line.kind == "copy":
        tags.append("source-room-id=1")
    nick = "bot" if line.kind == "bot" else f"u{line.user}"
    return f"@{';'.join(tags)} :{nick}!{nick}@{nick} PRIVMSG {channel} :{line.text}".encode()
