import json
from collections.abc import Callable, Collection, Mapping, Sequence
from io import StringIO
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from apps.metrics.chat_log import Events, read_events
from apps.metrics.day_comparison import DaySources
from apps.metrics.days import compute_day
from apps.metrics.ledger import Check, Ledger, Report
from apps.metrics.management.commands.check_ledger import Command, read_faults
from apps.metrics.store import StoredWindow
from core.metrics.columns import StoredGrain
from core.pipeline.coverage import Gap
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord, event_record, gap_record
from core.proof.comparison import Counts, Fault, MatchResult, ReceivedMessage
from core.proof.event_sums import EventSum
from core.proof.ledger import Entry, file_name, format_entry
from core.proof.reference import Tally
from core.times import DAY_MS, HOUR_MS

T0 = 1_790_000_040_000 // 60_000 * 60_000
END_MS = T0 + 120_000


class FakeChat:
    """A fake `chat` of batches: each `catch_up` reads the next one."""

    def __init__(
        self,
        *batches: Sequence[bytes],
        gaps: Mapping[str, Sequence[Gap]] | None = None,
        complete_from_ms: int = 0,
        appended_ms: int = END_MS,
    ) -> None:
        self.tally = Tally()
        self.partitions = [0]
        self._batches = list(batches)
        self.known_events = Events(gaps or {})
        self._complete_from_ms = complete_from_ms
        self._appended_ms = appended_ms

    def catch_up(self) -> None:
        for value in self._batches.pop(0) if self._batches else ():
            self.tally.add(0, value, self._appended_ms)

    def complete_from_ms(self) -> int:
        return self._complete_from_ms

    def events(self) -> Events:
        return self.known_events


class FakeStore:
    """A fake store with reference windows modified by `change`; `late` windows appear on the second read."""

    def __init__(
        self,
        chat: Sequence[bytes],
        change: Callable[[dict[str, int]], object] = lambda _: None,
        until_ms: int = END_MS,
    ) -> None:
        tally = Tally()
        for value in chat:
            tally.add(0, value, until_ms)
        self.windows = tally.blocks.windows(from_ms=0, until_ms=until_ms)
        for columns in self.windows.values():
            change(columns)
        self.late: set[int] = set()

    def read_windows(
        self,
        grain: StoredGrain,
        channel_id: str,
        from_ms: int,
        until_ms: int,
        columns: Collection[str] | None = None,
    ) -> list[StoredWindow]:
        windows = [
            StoredWindow(end_ms, {key: row[key] for key in row if columns is None or key in columns})
            for (channel, name, end_ms), row in sorted(self.windows.items(), key=lambda item: item[0][2])
            if (channel, name) == (channel_id, grain) and from_ms < end_ms <= until_ms and end_ms not in self.late
        ]
        self.late -= {end_ms for end_ms in self.late if from_ms < end_ms <= until_ms}
        return windows

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        return []

    def read_broadcasts(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> dict[str, list[Span]]:
        return {channel_id: [] for channel_id in channel_ids}


class FakeDays:
    """A fake store with one day of channel 7."""

    def __init__(self, start_ms: int, columns: Mapping[str, int]) -> None:
        self._days = {start_ms: columns}

    def read(
        self, channel_ids: Collection[str], from_ms: int, until_ms: int
    ) -> dict[str, dict[int, Mapping[str, int]]]:
        return {channel_id: self._days if channel_id == "7" else {} for channel_id in channel_ids}


def message(message_id: str, at_ms: int, sent_ms: int | None = None) -> bytes:
    sent_ms = at_ms if sent_ms is None else sent_ms
    fields = {"v": 1, "kind": "message", "channel_id": "7", "at_ms": at_ms, "sent_ms": sent_ms, "id": message_id}
    return json.dumps({**fields, "user_hash": 5, "words": 3}).encode()


def watermark_record(at_ms: int) -> bytes:
    return json.dumps({"v": 1, "kind": "clock", "at_ms": at_ms}).encode()


CHAT = [message("a", T0 + 1_000), message("b", T0 + 2_000), watermark_record(END_MS + 500)]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return ledger_of(tmp_path, Entry("a", "7", T0 + 1_000, 1), Entry("b", "7", T0 + 2_000, 1))


def ledger_of(folder: Path, *entries: Entry) -> Ledger:
    (folder / file_name(T0)).write_bytes(b"".join(map(format_entry, entries)))
    return Ledger(folder)


def check(
    chat: FakeChat,
    store: FakeStore | None,
    ledger: Ledger,
    timeout_s: float = 3,
    faults: Sequence[Fault] | None = None,
    days: DaySources | None = None,
) -> Report:
    clock_s = [0.0]

    def sleep(seconds: float) -> None:
        clock_s[0] += seconds

    return Check(chat, store, ledger, timeout_s, faults, days, now_s=lambda: clock_s[0], sleep=sleep).run()


def test_a_complete_pipeline_has_no_differences(ledger: Ledger) -> None:
    report = check(FakeChat(CHAT), FakeStore(CHAT), ledger)
    assert report.is_ok
    assert report.figures() == {
        "sent": 2,
        "in_chat": 2,
        "in_gaps": 0,
        "dropped": 0,
        "notices": 0,
        "summed": 0,
        "moved": 0,
        "rejected": 0,
        "pending": 0,
        "windows": 4,
        "days": 0,
        "differences": 0,
    }


def test_a_lost_message_is_reported(tmp_path: Path, ledger: Ledger) -> None:
    chat = [CHAT[0], CHAT[2]]
    report = check(FakeChat(chat), FakeStore(chat), ledger)
    assert not report.is_ok
    assert "message b " in report.differences[0]


def test_a_lost_message_in_a_recorded_gap_is_accounted_for(ledger: Ledger) -> None:
    chat = [CHAT[0], CHAT[2]]
    gaps = {"7": [Gap("7", T0 + 1_500, T0 + 2_000, "connection lost")]}
    report = check(FakeChat(chat, gaps=gaps), FakeStore(chat), ledger)
    assert (report.is_ok, report.messages.all.in_gaps) == (True, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda columns: columns.update(messages=9), "messages is 9, expected 2"),
        (lambda columns: columns.update(chatters=2), "chatters is 2, expected 1"),
        (lambda columns: columns.pop("words"), "words is None, expected 6"),
    ],
)
def test_a_wrong_window_is_reported(ledger: Ledger, change: Callable[[dict[str, int]], object], reason: str) -> None:
    report = check(FakeChat(CHAT), FakeStore(CHAT, change), ledger)
    assert not report.is_ok
    assert any(reason in difference for difference in report.differences)


def test_an_old_missing_window_is_reported(ledger: Ledger) -> None:
    store = FakeStore(CHAT)
    del store.windows["7", "live", T0 + 20_000]
    report = check(FakeChat(CHAT), store, ledger)
    assert len(report.differences) == 1
    assert f"ending {T0 + 20_000} is missing" in report.differences[0]


def test_a_window_without_records_is_reported(ledger: Ledger) -> None:
    store = FakeStore(CHAT)
    store.windows["7", "live", T0 + 50_000] = {"messages": 1}
    report = check(FakeChat(CHAT), store, ledger)
    assert "no record accounts for it" in report.differences[0]


@pytest.mark.parametrize(
    ("change", "text"),
    [({}, ""), ({"messages": 9}, "messages is 9, expected 2"), ({"peak_messages": 1}, "peak_messages is 1")],
)
def test_a_wrong_day_is_reported(ledger: Ledger, change: Mapping[str, int], text: str) -> None:
    start_ms = T0 // DAY_MS * DAY_MS
    until_ms = start_ms + DAY_MS + 3 * HOUR_MS
    chat = [*CHAT[:2], watermark_record(until_ms)]
    store = FakeStore(chat, until_ms=until_ms)
    day = {**compute_day(store, "7", start_ms, until_ms), **change}
    days = DaySources(FakeDays(start_ms, day), store)
    report = check(FakeChat(chat, appended_ms=until_ms), store, ledger, days=days)
    assert report.figures()["days"] == 1
    assert report.is_ok is (text == "")
    assert len(report.differences) == (text != "")
    assert text in "".join(report.differences)


def test_only_recent_windows_are_compared_a_second_time(ledger: Ledger) -> None:
    chat = [*CHAT, message("a2", END_MS - 5_000)]
    chat.sort(key=lambda value: json.loads(value)["at_ms"])
    report_of = {}
    for late_ms in (END_MS, T0 + 20_000):
        store = FakeStore(chat)
        # The wait for the sink reads the minute first, so that the late window is a live one.
        store.windows.pop(("7", "minute", END_MS))
        store.late = {late_ms}
        report_of[late_ms] = check(FakeChat(chat), store, ledger)
    assert not any(f"live window of channel 7 ending {END_MS} " in d for d in report_of[END_MS].differences)
    assert any(f"live window of channel 7 ending {T0 + 20_000} " in d for d in report_of[T0 + 20_000].differences)


def test_windows_that_chat_no_longer_covers_are_ignored(ledger: Ledger) -> None:
    chat = FakeChat(CHAT, complete_from_ms=T0 + 5_000)
    assert check(chat, FakeStore(CHAT), ledger).windows == 0


def test_the_check_waits_until_chat_is_newer_than_the_ledger(ledger: Ledger) -> None:
    report = check(FakeChat(CHAT[:1], CHAT[1:]), FakeStore(CHAT), ledger)
    assert (report.is_ok, report.notes) == (True, [])


def test_a_stopped_producer_is_reported_and_its_messages_are_pending(ledger: Ledger) -> None:
    report = check(FakeChat([message("a", T0 + 1_000), watermark_record(T0 + 2_000)]), FakeStore([]), ledger)
    assert report.messages.pending == 1
    assert "is run_producer running?" in report.notes[0]
    assert not report.is_ok


def test_an_empty_ledger_is_not_ok(tmp_path: Path) -> None:
    assert not check(FakeChat(CHAT), FakeStore(CHAT), ledger_of(tmp_path)).is_ok


def test_incomplete_lines_are_counted_and_skipped(tmp_path: Path, ledger: Ledger) -> None:
    path = tmp_path / file_name(T0)
    path.write_bytes(b"half\t7\ttorn\n" + path.read_bytes())
    assert [entry.id for entry in ledger.entries()] == ["a", "b"]
    assert ledger.torn == 1


def test_gaps_and_notices_are_read_and_bad_events_are_skipped() -> None:
    gap = gap_record(event_id="g1", channel_id="7", from_ms=T0, until_ms=T0 + 9, reason="joining")
    raid = event_record(event_id="r1", kind="raid", channel_id="8", at_ms=T0, count=5)
    title = event_record(event_id="t1", kind="title", channel_id="8", at_ms=T0, text="New")
    bans = event_record(event_id="b1", kind="bans", channel_id="8", at_ms=T0, until_ms=T0 + 5, count=3)
    values = [*(json.dumps(record).encode() for record in (gap, raid, title, bans)), b"no", None]
    events = read_events((value, T0 + 99) for value in values)
    assert events.gaps == {"7": [Gap("7", T0, T0 + 9, "joining")]}
    assert (len(events.notices), events.notices.at(0)) == (1, ReceivedMessage("8", T0, "raid", 1))
    assert events.sums == [EventSum("8", "bans", T0, 3)]


def test_events_with_the_same_id_count_once_as_in_history() -> None:
    modes = [
        event_record(event_id=event_id, kind="chat_mode", channel_id="8", at_ms=T0, text="Slow mode, 30 s")
        for event_id in ("m1", "m1", "m2")
    ]
    events = read_events((json.dumps(mode).encode(), T0 + 99) for mode in modes)
    assert events.sums == [EventSum("8", "chat_mode", T0, 1)] * 2


RAID = Entry("r", "7", T0 + 3_000, 1, "raid")


def test_raids_are_matched_with_channel_events(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, Entry("a", "7", T0 + 1_000, 1), RAID)
    chat = FakeChat([CHAT[0], CHAT[2]])
    report = check(chat, None, ledger)
    assert "notice r " in report.differences[0]
    chat.known_events.notices.add("r", "7", T0 + 3_000, "raid")
    report = check(chat, None, ledger)
    assert (report.is_ok, report.figures()["notices"]) == (True, 1)


def test_bans_are_compared_with_the_sums_in_channel_events(tmp_path: Path) -> None:
    entries = [Entry("a", "7", T0 - 120_000, 1), Entry("ban-1", "7", T0 - 50_000, 1, "ban")]
    chat = FakeChat([message("a", T0 - 120_000), CHAT[2]])
    report = check(chat, None, ledger_of(tmp_path, *entries))
    assert report.differences == ["0 bans in channel 7 were summed, expected 1"]
    chat.known_events = Events(sums=[EventSum("7", "bans", T0 - 50_000, 1)])
    report = check(chat, None, Ledger(tmp_path))
    assert (report.is_ok, report.figures()["summed"]) == (True, 1)


def test_messages_are_checked_even_without_a_window_store(ledger: Ledger) -> None:
    report = check(FakeChat(CHAT), None, ledger)
    assert (report.is_ok, report.windows, report.figures()["in_chat"]) == (True, None, 2)


def test_each_fault_has_its_own_figures(ledger: Ledger) -> None:
    faults = [Fault(T0, T0 + 1_500), Fault(T0 + 1_501, T0 + 9_000)]
    gaps = {"7": [Gap("7", T0 + 1_500, T0 + 2_000, "reset")]}
    report = check(FakeChat([CHAT[0], CHAT[2]], gaps=gaps), None, ledger, faults=faults)
    assert [(fault["sent"], fault["in_chat"], fault["in_gaps"]) for fault in report.of_faults()] == [
        (1, 1, 0),
        (1, 0, 1),
    ]


def test_windows_and_differences_belong_to_the_faults_in_which_they_end(ledger: Ledger) -> None:
    store = FakeStore(CHAT)
    del store.windows["7", "live", T0 + 20_000]
    faults = [Fault(T0, T0 + 20_000), Fault(T0 + 20_001, T0 + 59_999), Fault(T0 + 60_000, END_MS)]
    report = check(FakeChat(CHAT), store, ledger, faults=faults)
    assert [(fault["windows"], fault["differences"]) for fault in report.of_faults()] == [(2, 1), (1, 0), (1, 0)]


def test_a_message_dated_to_a_later_minute_belongs_to_the_faults_in_which_it_was_sent(tmp_path: Path) -> None:
    chat = [message("a", T0 + 1_000), message("b", T0 + 60_000, sent_ms=T0 + 59_000), CHAT[2]]
    ledger = ledger_of(tmp_path, Entry("a", "7", T0 + 1_000, 1), Entry("b", "7", T0 + 59_000, 1))
    faults = [Fault(T0, T0 + 58_999), Fault(T0 + 59_000, T0 + 59_999), Fault(T0 + 60_000, END_MS)]
    report = check(FakeChat(chat), None, ledger, faults=faults)
    assert [(fault["moved"], fault["windows"]) for fault in report.of_faults()] == [(0, 0), (1, 0), (0, 0)]


def test_a_gap_of_a_channel_that_no_fault_affected_is_reported(ledger: Ledger) -> None:
    gaps = {"7": [Gap("7", T0 + 1_500, T0 + 2_000, "reset")]}
    for channel_id, is_ok in (("7", True), ("8", False)):
        faults = [Fault(T0, T0 + 9_000, frozenset({channel_id}))]
        assert check(FakeChat([CHAT[0], CHAT[2]], gaps=gaps), None, ledger, faults=faults).is_ok is is_ok


def test_faults_are_read_with_and_without_channels(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[[1, 2], [3.9, 4, ["7", "8"]], [5, 6, []]]')
    assert read_faults(path) == [Fault(1, 2), Fault(3, 4, frozenset({"7", "8"})), Fault(5, 6, frozenset())]
    assert read_faults(None) is None


@pytest.mark.parametrize("text", ["[[1]]", "[[1, 2, 3]]", '[[1, 2, "78"]]', "[[1, 2, [7]]]", "[[1, 2, [], 4]]", "{"])
def test_invalid_faults_are_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(text)
    with pytest.raises(CommandError, match="is not a JSON list of"):
        read_faults(path)


def report_of(differences: list[str]) -> Report:
    return Report(MatchResult(all=Counts(sent=3, in_chat=3)), MatchResult(), 0, 0, 5, differences)


def printed(report: Report, *, as_json: bool) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    Command(stdout=out, stderr=err, no_color=True)._print(report, as_json=as_json)
    return out.getvalue(), err.getvalue()


def test_json_output_is_one_line_with_every_figure() -> None:
    out, _ = printed(report_of([f"difference {n}" for n in range(30)]), as_json=True)
    assert out.count("\n") == 1
    figures = json.loads(out)
    assert figures["explanations"] == [f"difference {n}" for n in range(20)]
    assert list(figures) == [
        "sent",
        "in_chat",
        "in_gaps",
        "dropped",
        "notices",
        "summed",
        "moved",
        "rejected",
        "pending",
        "windows",
        "days",
        "differences",
        "faults",
        "explanations",
    ]


def test_figures_are_printed_one_per_line_with_at_most_20_differences() -> None:
    out, err = printed(report_of([f"difference {n}" for n in range(30)]), as_json=False)
    assert out.split()[:2] == ["sent", "3"]
    assert len(out.splitlines()) == 12
    assert err.splitlines() == [f"difference {n}" for n in range(20)]
