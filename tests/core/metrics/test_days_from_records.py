"""Days, hours and periods equal formulas that are written out over raw chat records, for every metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics.columns import aggregate
from core.metrics.days import columns_of_day, join, summary_of_day
from core.metrics.hours import summaries_of_hours
from core.metrics.ranges import RangeSummary, Row, summarize
from core.metrics.table import METRIC, METRICS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.pipeline.records import ChatKind, ChatRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

T = 1_795_392_000_000
DAYS = 2
END = T + DAYS * DAY_MS
# Minutes around the first and the second midnight, and in the middle of a day.
STARTS = [T + minute * MINUTE_MS for minute in (0, 1, 719, 720, 1438, 1439, 1440, 1441, 1500, 2879)]
# A gap across midnight. Hours with gaps are rolled up from their minutes.
GAP = (T + DAY_MS - 90_000, T + DAY_MS + 30_000)
SHARES = {"first_time": "is_first", "returning": "is_returning", "subscribers": "is_subscriber", "emotes": "is_emotes"}

Chat = list[ChatRecord]


@st.composite
def minute_of_chat(draw: st.DrawFn, start_ms: int) -> Chat:
    """Return the records of a minute: seconds heard in whole or in part, and messages of every kind."""
    heard_ms, viewers = draw(st.sampled_from([0, 400, 1_000])), draw(st.none() | st.integers(0, 3_000))
    seconds = draw(st.sampled_from([0, 20, 29, 30, 60]))
    chat = [
        ChatRecord("pulse", "7", start_ms + n * SECOND_MS, viewers=viewers, observed_ms=heard_ms, live=True)
        for n in range(seconds)
    ]
    kinds: st.SearchStrategy[ChatKind] = st.sampled_from(["message", "message", "copy", "bot", "removal"])
    flag = st.sampled_from([None, 1])
    for number, kind in enumerate(draw(st.lists(kinds, max_size=15))):
        record = ChatRecord(
            kind,
            "7",
            start_ms + number,
            user_hash=draw(st.integers(1, 4)),
            text_hash=draw(st.integers(1, 6)),
            words=draw(st.integers(0, 9)),
            is_first=draw(flag),
            is_returning=draw(flag),
            is_subscriber=draw(flag),
            is_emotes=draw(flag),
        )
        chat.append(ChatRecord(kind, "7", record.at_ms) if kind == "removal" else record)
    return chat


@st.composite
def chats(draw: st.DrawFn) -> Chat:
    starts = draw(st.sets(st.sampled_from(STARTS), min_size=1, max_size=4))
    return [record for start_ms in sorted(starts) for record in draw(minute_of_chat(start_ms))]


def grouped(chat: Chat, length_ms: int) -> dict[int, Chat]:
    """Return the records by the start of their minute, hour or day."""
    groups = defaultdict(list)
    for record in chat:
        groups[record.at_ms // length_ms * length_ms].append(record)
    return dict(sorted(groups.items()))


def rows_of(chat: Chat, gaps: RecordedGaps) -> list[Row]:
    """Return the rows that are stored for the records: one per hour, or one per minute in hours with a gap."""
    rows = []
    for hour_ms, inside in grouped(chat, HOUR_MS).items():
        if gaps.overlap_ms(hour_ms, hour_ms + HOUR_MS):
            rows += [Row(ms, MINUTE_MS, aggregate(part, "minute")) for ms, part in grouped(inside, MINUTE_MS).items()]
        else:
            rows.append(Row(hour_ms, HOUR_MS, aggregate(inside, "hour")))
    return rows


def stored_days(chat: Chat, gaps: RecordedGaps) -> list[RangeSummary]:
    """Return the days of the records, after they have been stored as columns."""
    rows, days = rows_of(chat, gaps), []
    for start_ms in range(T, END, DAY_MS):
        inside = [row for row in rows if start_ms <= row.start_ms < start_ms + DAY_MS]
        summary = summarize(inside, gaps, Intervals(), start_ms, start_ms + DAY_MS)
        days.append(summary_of_day(start_ms, columns_of_day(summary, {})))
    return days


def ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def figures(chat: Chat, gap: tuple[int, int] | None, from_ms: int, until_ms: int) -> dict[str, float | None]:
    """Return every metric of [from_ms, until_ms) as defined in docs/metrics.md, from the records alone."""
    inside = [record for record in chat if from_ms <= record.at_ms < until_ms]
    messages = [record for record in inside if record.kind == "message"]
    copies, removals = (sum(record.kind == kind for record in inside) for kind in ("copy", "removal"))
    counts = [record.viewers for record in inside if record.viewers is not None]
    minutes = list(grouped(inside, MINUTE_MS).values())
    observed_ms, total = observed(inside), len(messages)
    heard = [minute for minute in minutes if observed(minute) >= 30_000]
    both = [minute for minute in minutes if observed(minute) and any(r.viewers is not None for r in minute)]
    engaged = [record for minute in both for record in minute]
    watching = ratio(
        sum(r.viewers for r in engaged if r.viewers is not None), sum(r.viewers is not None for r in engaged)
    )
    per_minute = ratio(60_000 * sum(r.kind == "message" for r in engaged), observed(engaged))
    texts = sum(distinct(minute, "text_hash") for minute in minutes)
    return {
        "viewers": ratio(sum(counts), len(counts)),
        "messages": ratio(total * 30_000, observed_ms),
        "shared": ratio(copies * 30_000, observed_ms),
        "engagement": None if per_minute is None or not watching else per_minute / (watching / 1_000),
        "spam": ratio(sum(record.words or 0 for record in messages), total),
        "chatters": ratio(sum(distinct(minute, "user_hash") for minute in heard), len(heard)),
        "repetition": 100 * (1 - texts / total) if total else None,
        "removals": ratio(1_000 * removals, total),
        **{key: ratio(100 * sum(getattr(r, trait) == 1 for r in messages), total) for key, trait in SHARES.items()},
        "excitement": None,
        "coverage": 100 * heard_ms(minutes, gap) / (until_ms - from_ms),
    }


def observed(records: Collection[ChatRecord]) -> int:
    return sum(record.observed_ms or 0 for record in records)


def distinct(records: Collection[ChatRecord], field: str) -> int:
    return len({getattr(record, field) for record in records if record.kind == "message"})


def heard_ms(minutes: Sequence[Chat], gap: tuple[int, int] | None) -> int:
    """Return the time heard outside the gap."""
    total_ms = 0
    for minute in minutes:
        start_ms = minute[0].at_ms // MINUTE_MS * MINUTE_MS
        missed_ms = max(0, min(start_ms + MINUTE_MS, gap[1]) - max(start_ms, gap[0])) if gap else 0
        total_ms += min(observed(minute), MINUTE_MS - missed_ms)
    return total_ms


def assert_equal(summary: RangeSummary, expected: dict[str, float | None]) -> None:
    for metric in METRICS:
        value, number = summary.value(metric), expected[metric.key]
        assert value == (None if number is None else pytest.approx(number)), metric.key


@settings(max_examples=60)
@given(chats(), st.booleans())
def test_days_and_their_sum_have_the_values_of_the_records(chat: Chat, has_gap: bool) -> None:
    gap = GAP if has_gap else None
    days = stored_days(chat, RecordedGaps([gap] if gap else []))
    for day in days:
        assert_equal(day, figures(chat, gap, day.from_ms, day.until_ms))
    assert_equal(join(days), figures(chat, gap, T, END))
    viewers = [record.viewers for record in chat if record.viewers is not None]
    peaks = [day.peaks["viewers"].value for day in days if "viewers" in day.peaks]
    assert max(peaks, default=None) == max(viewers, default=None)


@settings(max_examples=30)
@given(chats())
def test_hours_have_the_values_of_the_records(chat: Chat) -> None:
    rows = [Row(ms, HOUR_MS, aggregate(part, "hour")) for ms, part in grouped(chat, HOUR_MS).items()]
    for hour in summaries_of_hours(rows, RecordedGaps(), Intervals(), T, END):
        assert_equal(hour, figures(chat, None, hour.from_ms, hour.until_ms))


@settings(max_examples=30)
@given(chats(), st.integers(1, 4))
def test_a_rebuild_gives_the_days_of_the_remaining_records(chat: Chat, opted_out: int) -> None:
    """Messages from a chatter who opted out are missing, so a rebuild changes only the days that had such messages."""
    left = [record for record in chat if record.user_hash != opted_out]
    rebuilt = stored_days(left, RecordedGaps([GAP]))
    for before, day in zip(stored_days(chat, RecordedGaps([GAP])), rebuilt, strict=True):
        assert_equal(day, figures(left, GAP, day.from_ms, day.until_ms))
        if not any(r.user_hash == opted_out and day.from_ms <= r.at_ms < day.until_ms for r in chat):
            assert day == before


def test_a_wrong_day_differs_from_the_records() -> None:
    chat = [ChatRecord("message", "7", T + n, user_hash=n, text_hash=n, words=2) for n in range(30)]
    chat += [ChatRecord("pulse", "7", T + n * SECOND_MS, observed_ms=1_000, live=True) for n in range(60)]
    (day, _) = stored_days(chat, RecordedGaps())
    expected = figures(chat, None, T, T + DAY_MS)
    assert_equal(day, expected)
    assert day.value(METRIC["messages"]) == 15
    wrong = replace(day, sums={**day.sums, "messages": 31})
    with pytest.raises(AssertionError, match="messages"):
        assert_equal(wrong, expected)
