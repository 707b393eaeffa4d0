"""`python -m tests.recount --url … --key … --irc … --helix …`: counts chat again and compares all that is said of it.

It listens for whole minutes as an anonymous IRC client, and compares API, CSV, NDJSON, sockets, pages and their files
with the counts of the lines. Shares no code with the project. Exit code: 1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping

import httpx

from tests.recount.answers import Api, Figure, Frames, Pages, figures_of, ms_of
from tests.recount.chat import Listener
from tests.recount.counting import (
    MINUTE_MS,
    SHORT_MS,
    WINDOW_MS,
    by_channel,
    minute_peaks,
    range_values,
    window_peaks,
)
from tests.recount.helix import Helix
from tests.recount.judging import Judge

JOINED_S, STORED_S, SAMPLE_S = 300.0, 120.0, 5.0
DAY_MS = 86_400_000
BOARDS = ("messages", "spam", "chatters", "repetition")
MOVED = "twitchly_records_moved_total"
SHOWN = 20


def main() -> int:
    """Print what was compared; return 1 when anything differs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", required=True, help="the instance, such as http://127.0.0.1:8000")
    options.add_argument("--key", required=True, help="an API key with all read scopes and live")
    options.add_argument("--irc", required=True, metavar="HOST:PORT")
    options.add_argument("--helix", required=True, metavar="URL", help="what serves /helix and /oauth2")
    options.add_argument("--producer", default="", metavar="URL", help="a producer's metrics, for moved messages")
    options.add_argument("--minutes", type=int, default=3)
    given = options.parse_args()
    api, pages = Api(given.url, given.key), Pages(given.url)
    channels = api.channels()
    host, _, port = given.irc.rpartition(":")
    listener, moved = Listener(host, int(port), channels.values()), moved_at(given.producer)
    heard_ms = listener.join_all(JOINED_S)
    helix = Helix(given.helix, sorted(channels))
    sockets = [
        Frames("API socket", api.socket(), sorted(channels)),
        Frames("page socket", pages.socket(), sorted(channels)),
    ]
    # Minutes begin with windows of 30 s that were heard as a whole.
    from_ms = -(-(heard_ms + WINDOW_MS) // MINUTE_MS) * MINUTE_MS
    until_ms = from_ms + given.minutes * MINUTE_MS
    sampled = list(samples(api, sorted(channels), until_ms))
    wait_until_stored(api, sorted(channels), until_ms)
    listener.end()
    helix.end()
    chats = by_channel(listener.messages.values())
    judge = Judge({channel_id: chats[channel_id] for channel_id in channels}, heard_ms, until_ms)
    for frames in sockets:
        judge.windows(frames.end())
        judge.equal(frames.surface, "errors", frames.failure, "")
    judge.windows(sampled)
    for channel_id in sorted(channels):
        judge_history(judge, api, pages, channel_id, (from_ms, until_ms))
        judge_viewers(judge, api, helix, channel_id, (from_ms, until_ms))
    told = {
        "channels": len(channels),
        "messages": len(listener.messages),
        "moved": moved_at(given.producer) - moved if given.producer else None,
        "crosses_midnight": from_ms // DAY_MS != (until_ms - 1) // DAY_MS,
        "compared": dict(sorted(judge.compared.items())),
        "differences": len(judge.differences),
    }
    print("\n".join(judge.differences[:SHOWN]))
    print(json.dumps(told))
    return int(bool(judge.differences) or not listener.messages)


def samples(api: Api, channel_ids: list[str], until_ms: int) -> Iterator[Figure]:
    """Ask for live values and boards again and again until a moment."""
    while now_ms() < until_ms + WINDOW_MS // 2:
        for channel_id in channel_ids:
            yield api.live(channel_id)
        for metric in BOARDS:
            yield from api.board(metric)
        time.sleep(SAMPLE_S)


def wait_until_stored(api: Api, channel_ids: list[str], until_ms: int) -> None:
    """Wait until the last minute and the last window of all channels are stored. Raises: TimeoutError."""
    limit_s = time.monotonic() + STORED_S
    for channel_id in channel_ids:
        for grain in ("minute", "live"):
            while not is_stored(api.series(channel_id, grain, until_ms - MINUTE_MS, until_ms), until_ms):
                if time.monotonic() > limit_s:
                    raise TimeoutError(f"no {grain} window of {channel_id} that ends at {until_ms}")
                time.sleep(1)


def is_stored(answer: Mapping[str, object], until_ms: int) -> bool:
    """Return whether an answer has the window that ends at a moment, with its chatters."""
    points = answer["points"]
    assert isinstance(points, dict)
    return bool(points["end"]) and ms_of(points["end"][-1]) == until_ms and points["values"]["chatters"][-1] is not None


def judge_history(judge: Judge, api: Api, pages: Pages, channel_id: str, whole: tuple[int, int]) -> None:
    """Judge the windows and the ranges of a channel."""
    from_ms, until_ms = whole
    for grain in ("live", "minute"):
        answer = api.series(channel_id, grain, from_ms, until_ms)
        points = answer["points"]
        ends = [ms_of(end) for end in points["end"]]
        step_ms = answer["step_s"] * 1000
        judge.equal(
            "API series", f"{grain} ends of {channel_id}", ends, [*range(from_ms + step_ms, until_ms + 1, step_ms)]
        )
        judge.windows(figures_of("API series", grain, channel_id, points | {"end": ends}))
        for form in ("csv", "ndjson"):
            judge.windows(table := api.table(form, channel_id, grain, from_ms, until_ms))
            judge.windows(file := pages.file(form, channel_id, grain, from_ms, until_ms))
            for surface, rows in ((f"API {form}", table), (f"page {form}", file)):
                judge_rows(judge, surface, channel_id, rows, (from_ms, until_ms))
    for metric in (*BOARDS, "engagement"):
        chart = pages.series(channel_id, metric, from_ms, until_ms)
        judge.windows(figures_of("page chart", "live", channel_id, chart | {"end": chart["end_ms"]}))
    middle_ms = from_ms + (until_ms - from_ms) // MINUTE_MS // 2 * MINUTE_MS
    for start_ms, end_ms in {whole, (from_ms, middle_ms), (middle_ms, until_ms)}:
        if start_ms < end_ms:
            judge_range(judge, api, pages, channel_id, start_ms, end_ms)


def judge_rows(judge: Judge, surface: str, channel_id: str, rows: list[Figure], whole: tuple[int, int]) -> None:
    """Judge that the windows of a file do not overlap, leave nothing out, and can be summed."""
    from_ms, until_ms = whole
    length_ms = WINDOW_MS if rows and rows[0].what == "live" else MINUTE_MS
    ends = [one.end_ms for one in rows]
    judge.equal(surface, f"rows of {channel_id}", ends, [*range(from_ms + length_ms, until_ms + 1, length_ms)])
    total, counts = sum(one.values.get("count_messages") or 0 for one in rows), judge.chats[channel_id]
    judge.equal(surface, f"sum of {channel_id}", total, counts.count(from_ms, until_ms).messages)


def judge_range(judge: Judge, api: Api, pages: Pages, channel_id: str, from_ms: int, until_ms: int) -> None:
    """Judge averages, peaks and coverage of a range, on API and page."""
    chat, span_s = judge.chats[channel_id], (until_ms - from_ms) / 1000
    minutes = chat.minutes(from_ms, until_ms)
    answer = api.series(channel_id, "live", from_ms, until_ms)
    summary = answer["summary"]
    averages = range_values(list(minutes.values()), summary["values"]["viewers"])
    peaks = window_peaks(chat, from_ms, until_ms) if until_ms - from_ms <= SHORT_MS else minute_peaks(minutes.values())
    stated = {metric: peak and peak["value"] for metric, peak in summary["peaks"].items()}
    name, where = "API range", f"{channel_id} from {from_ms} to {until_ms}"
    judge.values(Figure(name, "average", channel_id, until_ms, summary["values"], None, until_ms, {}), averages)
    judge.values(Figure(name, "peak", channel_id, until_ms, stated, None, until_ms, {}), peaks)
    judge.coverage(name, channel_id, until_ms, answer["coverage"])
    edges = [ms_of(summary["from"]), ms_of(summary["to"]), summary["heard_s"], summary["missed_s"]]
    judge.equal(name, f"edges of {where}", edges, [from_ms, until_ms, span_s, 0])
    judge.equal(name, f"lower bound of {where}", answer["is_lower_bound"], False)
    for metric in BOARDS:
        tiles, coverage = pages.tiles(channel_id, metric, from_ms, until_ms)
        for tile in tiles:
            judge.values(tile, averages if tile.what == "average" else peaks)
        judge.equal("page tile", f"tiles of {where}, {metric}", len(tiles), 2)
        judge.equal("page tile", f"coverage of {where}", coverage, "100.0")


def judge_viewers(judge: Judge, api: Api, helix: Helix, channel_id: str, whole: tuple[int, int]) -> None:
    """Judge that viewers lie between what Helix said: which of its answers the product used cannot be known."""
    points = api.series(channel_id, "minute", *whole)["points"]
    for end, viewers in zip(points["end"], points["values"]["viewers"], strict=True):
        end_ms = ms_of(end)
        bounds = helix.between(channel_id, end_ms - MINUTE_MS, end_ms)
        if bounds is not None:
            is_between = viewers is not None and bounds[0] <= viewers <= bounds[1]
            judge.equal("viewers", f"{channel_id} at {end}: {viewers} between {bounds}", is_between, True)


def moved_at(url: str) -> float:
    """Return how many messages a producer has counted later than Twitch sent them; 0 without an address."""
    lines = httpx.get(url, timeout=10).raise_for_status().text.splitlines() if url else []
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(MOVED))


def now_ms() -> int:
    """Return the time of this machine's clock."""
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
