"""Metrics that count distinct people or messages have their own windows; their values come with the end and coverage of
those windows."""

from __future__ import annotations

import json
from pathlib import Path

from django.test import Client

from apps.live.board import Board
from apps.live.readings import LiveBoards
from apps.live.subscriptions import ChannelsSpec, Subscribe, TableSpec
from apps.metrics.spans import iso
from tests.dashboard.conftest import Boards, content_of
from tests.dashboard.page_script import run_program
from tests.live.test_invariant import join, new_hub, take_one
from tests.page_services import page_services
from tests.pages import read_page

BEHIND_MS = 4_000


def show_both(boards: Boards) -> None:
    boards.write_viewers({"1": 1_000})
    boards.write_chatters({"1": 12}, behind_ms=BEHIND_MS, observed_ms=15_000)


async def test_rows_and_channels_have_the_end_of_each_window(boards: Boards, live: LiveBoards) -> None:
    show_both(boards)
    hub = new_hub(live, lambda: 1_795_400_000_000)
    outbox = join(hub)
    frames = {}
    for name, spec in (
        ("b", Board("chatters")),
        ("m", Board("messages")),
        ("c", ChannelsSpec(("1",))),
        ("t", TableSpec()),
    ):
        await hub.subscribe(outbox, Subscribe(name, spec))
        frames[name] = take_one(outbox)
    distinct_ms = boards.end_ms - BEHIND_MS
    assert [(row["end_ms"], row["coverage"]) for row in frames["b"]["rows"]] == [(distinct_ms, 0.5)]
    assert {row["end_ms"] for row in frames["m"]["rows"]} == {boards.end_ms}
    for channel in (frames["c"]["channels"]["1"], frames["t"]["rows"]["1"]):
        assert (channel["end_ms"], channel["coverage"]) == (boards.end_ms, 1)
        assert (channel["distinct_end_ms"], channel["distinct_coverage"]) == (distinct_ms, 0.5)
    assert frames["t"]["rows"]["2"]["distinct_end_ms"] is None
    await hub.aclose()


def test_pages_and_files_use_the_end_and_coverage_of_the_value(boards: Boards, signed_in: Client) -> None:
    show_both(boards)
    page_services.reset()
    page = read_page(signed_in.get("/?channel=1&board=chatters"))
    assert '<span id="now">≥ 12</span>' in page
    assert '<span id="chatters">≥ 12</span>' in page
    row = json.loads(content_of(signed_in.get("/board.ndjson?board=chatters")).splitlines()[1])
    assert (row["window_end"], row["coverage"]) == (iso(boards.end_ms - BEHIND_MS), 0.5)
    result = [json.loads(line) for line in content_of(signed_in.get("/discover.ndjson")).splitlines()[1:]]
    (row,) = (row for row in result if row["id"] == "1")
    assert (row["window_end"], row["distinct_end"]) == (iso(boards.end_ms), iso(boards.end_ms - BEHIND_MS))


EDGE = """
import { endOf, coverageOf } from "./metrics.js";
import { Series } from "./series.js";
const series = new Series(given.range);
for (const channel of given.frames) series.add(channel);
print({
  messages: series.columns(["messages", "viewers"]),
  chatters: series.columns(["chatters", "viewers"]),
  edges: [series.edgeMs("messages"), series.edgeMs("chatters")],
  newest: ["messages", "chatters"].map((key) => [endOf, coverageOf].map((of) => of(key, given.frames.at(-1)))),
});
"""


def test_the_live_edge_of_a_chart_is_the_end_of_its_windows(tmp_path: Path) -> None:
    base = 1_795_392_000_000
    frames = [
        {
            "end_ms": base + second * 1_000,
            "coverage": 1,
            "distinct_end_ms": base + second // 5 * 5_000,
            "distinct_coverage": 0.5,
            "values": {"messages": second, "viewers": 100 + second, "chatters": second // 5},
        }
        for second in range(5, 13)
    ]
    displayed = {"key": "10m", "span_ms": 600_000, "step_ms": 10_000, "merge_ms": 60_000, "until_ms": None}
    output = run_program(tmp_path, EDGE, {"range": displayed, "frames": frames})
    ends = [frame["end_ms"] for frame in frames]
    assert output["messages"] == [ends, list(range(5, 13)), list(range(105, 113))]
    assert output["chatters"] == [[base + 5_000, base + 10_000], [1, 2], [105, 110]]
    assert output["edges"] == [base + 12_000, base + 10_000]
    assert output["newest"] == [[base + 12_000, 1], [base + 10_000, 0.5]]
