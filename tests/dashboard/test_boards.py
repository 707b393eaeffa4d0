"""Boards in a real Valkey server, written by the sink and read by the pages."""

from __future__ import annotations

from apps.metrics.board_reader import BoardReader
from apps.metrics.boards import (
    LATE_DROPPED_S,
    UNRANKED_AFTER_MS,
    BoardWriter,
    write_late_dropped,
)
from core.contracts import redis_keys
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import WindowRecord
from tests.valkey import Valkey

T = 1_795_400_000_000
THRESHOLDS = RankingThresholds(min_viewers=100, min_messages=5)


def window(channel_id: str, end_ms: int, *, messages: int = 10, viewers: int = 500) -> WindowRecord:
    columns = {"messages": messages, "words": messages * 3, "observed_ms": 30_000, "viewers": viewers}
    return WindowRecord(channel_id, "live", end_ms - 30_000, end_ms, columns)


def writer(valkey: Valkey) -> BoardWriter:
    return BoardWriter(valkey.client(), THRESHOLDS)


async def top(reader: BoardReader, metric: str) -> list[str]:
    rankings = await reader.rankings({metric: 10})
    return [channel_id for channel_id, _ in rankings.ranked[metric]]


async def test_older_windows_are_ignored(valkey: Valkey) -> None:
    boards = writer(valkey)
    boards.apply("live", [window("1", T + 1_000, messages=20)])
    boards.apply("live", [window("1", T, messages=99), window("2", T, messages=30)])
    reader = BoardReader(f"{valkey.url}/0")
    assert await top(reader, "messages") == ["2", "1"]
    values = await reader.values(["1", "2", "3"])
    assert {channel_id: live.values["messages"] for channel_id, live in values.items()} == {"1": 20, "2": 30}
    await reader.aclose()


async def test_repeated_windows_are_ignored(valkey: Valkey) -> None:
    boards = writer(valkey)
    for _ in range(2):
        boards.apply("live", [window("1", T, messages=20)])
    reader = BoardReader(f"{valkey.url}/0")
    assert await top(reader, "messages") == ["1"]
    assert (await reader.rankings({})).newest_end_ms == T
    await reader.aclose()


async def test_channels_below_a_ranking_threshold_are_not_ranked(valkey: Valkey) -> None:
    boards = writer(valkey)
    boards.apply("live", [window("1", T)])
    boards.apply("live", [window("1", T + 1_000, messages=2, viewers=40)])
    reader = BoardReader(f"{valkey.url}/0")
    assert await top(reader, "spam") == []
    assert await top(reader, "engagement") == []
    assert await top(reader, "viewers") == ["1"]
    live = (await reader.values(["1"]))["1"]
    assert live.unranked["spam"] == "needs 5 messages in 30 s"
    assert live.unranked["engagement"] == "needs 100 viewers"
    assert "viewers" not in live.unranked
    assert live.values["spam"] == 3
    await reader.aclose()


async def test_windows_of_distinct_counts_update_only_boards_of_distinct_counts(valkey: Valkey) -> None:
    boards = writer(valkey)
    columns = {"messages": 20, "observed_ms": 30_000, "chatters": 12, "texts": 15}
    boards.apply("live", [window("1", T, messages=21), window("2", T)])
    distinct = [WindowRecord(i, "live_distinct", T - 30_000, T, columns) for i in ("1", "2")]
    boards.apply("live_distinct", distinct, {"1": 4.5})
    reader = BoardReader(f"{valkey.url}/0")
    assert sorted(await top(reader, "chatters")) == ["1", "2"]
    assert await top(reader, "excitement") == ["1"]
    values = await reader.values(["1", "2"])
    assert values["1"].values["messages"] == 21, "sums come from the windows that are written every second"
    assert (values["1"].values["excitement"], values["1"].values["repetition"]) == (4.5, 25)
    assert "excitement" not in values["2"].values
    await reader.aclose()


async def test_five_minute_boards_are_separate_and_need_ten_times_the_messages(valkey: Valkey) -> None:
    boards = writer(valkey)
    boards.apply("live", [window("1", T, messages=49), window("2", T)])
    boards.apply("live", [window("1", T, messages=50), window("2", T, messages=49), window("3", T)], over="5m")
    texts = {"messages": 60, "texts": 15, "observed_ms": 150_000}
    boards.apply("live_distinct", [WindowRecord("1", "live_distinct", T - 300_000, T, texts)], over="5m")
    reader = BoardReader(f"{valkey.url}/0")
    assert (await top(reader, "spam:5m"), await top(reader, "spam")) == (["1"], ["2", "1"])
    assert sorted(await top(reader, "engagement:5m")) == []
    assert await top(reader, "viewers:5m") == [], "only ratios have a 5-minute board"
    values = await reader.values(["1", "2"], "5m")
    assert values["2"].unranked["spam"] == "needs 50 messages in 5 min"
    assert set(values["1"].values) == {"spam", "repetition"}
    assert values["1"].values["repetition"] == 75
    assert (values["1"].coverage_of("spam"), values["1"].coverage_of("repetition")) == (0.1, 0.5)
    assert (await reader.values(["1"]))["1"].coverage == 1
    await reader.aclose()


async def test_late_drops_are_reported_while_the_job_is_monitored(valkey: Valkey) -> None:
    reader, client = BoardReader(f"{valkey.url}/0"), valkey.client()
    assert (await reader.rankings({})).late_dropped is None
    write_late_dropped(client, 1_234)
    assert (await reader.rankings({})).late_dropped == 1_234
    assert 0 < int(client.ttl(redis_keys.LATE_DROPPED)) <= LATE_DROPPED_S
    await reader.aclose()


async def test_channels_without_new_windows_leave_all_boards(valkey: Valkey) -> None:
    boards = writer(valkey)
    boards.apply("live", [window("1", T), window("2", T)])
    boards.apply("live", [window("2", T + UNRANKED_AFTER_MS + 1_000)])
    reader = BoardReader(f"{valkey.url}/0")
    assert await top(reader, "viewers") == ["2"]
    assert set(await reader.values(["1", "2"])) == {"2"}
    await reader.aclose()


async def test_boards_are_complete_after_a_redis_flush(valkey: Valkey) -> None:
    boards = writer(valkey)
    boards.apply("live", [window("1", T), window("2", T)])
    valkey.client().flushall()
    boards.apply("live", [window("1", T + 1_000), window("2", T + 1_000)])
    reader = BoardReader(f"{valkey.url}/0")
    assert sorted(await top(reader, "messages")) == ["1", "2"]
    await reader.aclose()


async def test_an_erased_channel_leaves_no_data_in_redis(valkey: Valkey) -> None:
    boards, client = writer(valkey), valkey.client()
    for end_ms in (T, T + 10_000):
        boards.apply("live", [window("1", end_ms), window("2", end_ms)])
        boards.write_history()
    boards.apply("live", [window("1", T + 20_000), window("2", T + 20_000)])
    boards.apply("live", [window("1", T, messages=90), window("2", T, messages=90)], over="5m")
    boards.erase("1")
    boards.write_history()
    reader = BoardReader(f"{valkey.url}/0")
    assert (await top(reader, "messages"), await top(reader, "spam:5m")) == (["2"], ["2"])
    assert await reader.all_values() == await reader.values(["2"])
    assert set(await reader.values(["1", "2"], "5m")) == {"2"}
    history = await reader.past_values("messages", (await reader.steps(["messages"]))["messages"])
    assert [sorted(values.ranked) for values in history.values()] == [["2"], ["2"], ["2"]]
    over_5_min = await reader.past_values("spam:5m", [T])
    assert [sorted(values.ranked) for values in over_5_min.values()] == [["2"]]
    for key in ("live", "live:5m"):
        assert client.zscore(redis_keys.window_ends(key), "1") is None
    await reader.aclose()
