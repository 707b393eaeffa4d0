"""`python -m tests.recount --url … --key … --irc … --helix …`: recount chat and compare all published figures.

It listens for whole minutes as an anonymous IRC client, and compares the API, CSV, NDJSON, sockets, pages and page
exports with its own counts. If it crosses midnight, it also compares the day and its hours; the minutes before it
joined come from the API. It shares no code with the project. The exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping

import httpx

from tests.recount.chat import Listener
from tests.recount.clock import now_ms
from tests.recount.comparison import Comparison, crosses_midnight
from tests.recount.counting import (
    DAY_MS,
    MINUTE_MS,
    SHORT_MS,
    WINDOW_MS,
    by_channel,
    minute_peaks,
    range_values,
    window_peaks,
)
from tests.recount.days import compare_days
from tests.recount.helix import Helix
from tests.recount.published import Api, Figure, Frames, Pages, figures_of, ms_of

JOINED_S, STORED_S, SAMPLE_S = 300.0, 120.0, 5.0
BOARDS = ("messages", "spam", "chatters", "repetition")
MOVED = "twitchly_records_moved_total"
PRINTED = 20


def main() -> int:
    """Print the comparison; return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="the instance, such as http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, help="an API key with all `read:` scopes and the `live` scope")
    parser.add_argument("--irc", required=True, metavar="HOST:PORT")
    parser.add_argument("--helix", required=True, metavar="URL", help="the server that provides /helix and /oauth2")
    moved_help = "a producer's metrics, to report how many messages were counted at a later time than sent"
    parser.add_argument("--producer", default="", metavar="URL", help=moved_help)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--day", action="store_true", help="fail unless a UTC day ends during the recount")
    args = parser.parse_args()
    api, pages = Api(args.url, args.key), Pages(args.url)
    channels = api.channels()
    host, _, port = args.irc.rpartition(":")
    listener, moved = Listener(host, int(port), channels.values()), moved_messages(args.producer)
    heard_ms = listener.join_all(JOINED_S)
    helix = Helix(args.helix, sorted(channels))
    sockets = [
        Frames("API socket", api.socket(), sorted(channels)),
        Frames("page socket", pages.socket(), sorted(channels)),
    ]
    # The first minute starts late enough that its 30-second windows were fully heard.
    from_ms = -(-(heard_ms + WINDOW_MS) // MINUTE_MS) * MINUTE_MS
    until_ms = from_ms + args.minutes * MINUTE_MS
    live_figures = list(samples(api, sorted(channels), until_ms))
    wait_until_stored(api, sorted(channels), until_ms)
    listener.end()
    helix.end()
    chats = by_channel(listener.messages.values())
    comparison = Comparison({channel_id: chats[channel_id] for channel_id in channels}, heard_ms, until_ms)
    for frames in sockets:
        comparison.windows(frames.end())
        comparison.equal(frames.surface, "errors", frames.failure, "")
    comparison.windows(live_figures)
    for channel_id in sorted(channels):
        compare_history(comparison, api, pages, channel_id, (from_ms, until_ms))
        compare_viewers(comparison, api, helix, channel_id, (from_ms, until_ms))
    has_day = crosses_midnight(from_ms, until_ms)
    if has_day:
        compare_days(comparison, api, pages, from_ms // DAY_MS * DAY_MS, from_ms)
    summary = {
        "channels": len(channels),
        "messages": len(listener.messages),
        "moved": moved_messages(args.producer) - moved if args.producer else None,
        "crosses_midnight": has_day,
        "compared": dict(sorted(comparison.compared.items())),
        "differences": len(comparison.differences),
    }
    print("\n".join(comparison.differences[:PRINTED]))
    print(json.dumps(summary))
    return int(bool(comparison.differences) or not listener.messages or (args.day and not has_day))


def samples(api: Api, channel_ids: list[str], until_ms: int) -> Iterator[Figure]:
    """Request live values and boards repeatedly until `until_ms`."""
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


def is_stored(response: Mapping[str, object], until_ms: int) -> bool:
    """Return whether a response contains the window that ends at `until_ms`, including its chatters."""
    points = response["points"]
    assert isinstance(points, dict)
    return bool(points["end"]) and ms_of(points["end"][-1]) == until_ms and points["values"]["chatters"][-1] is not None


def compare_history(comparison: Comparison, api: Api, pages: Pages, channel_id: str, range_ms: tuple[int, int]) -> None:
    """Compare the windows and ranges of a channel."""
    from_ms, until_ms = range_ms
    for grain in ("live", "minute"):
        response = api.series(channel_id, grain, from_ms, until_ms)
        points = response["points"]
        ends = [ms_of(end) for end in points["end"]]
        step_ms = response["step_s"] * 1000
        comparison.equal(
            "API series", f"{grain} ends of {channel_id}", ends, [*range(from_ms + step_ms, until_ms + 1, step_ms)]
        )
        comparison.windows(figures_of("API series", grain, channel_id, points | {"end": ends}))
        for form in ("csv", "ndjson"):
            comparison.windows(table := api.table(form, channel_id, grain, from_ms, until_ms))
            comparison.windows(file := pages.file(form, channel_id, grain, from_ms, until_ms))
            for surface, rows in ((f"API {form}", table), (f"page {form}", file)):
                compare_rows(comparison, surface, channel_id, rows, (from_ms, until_ms))
    for metric in (*BOARDS, "engagement"):
        chart = pages.series(channel_id, metric, from_ms, until_ms)
        comparison.windows(figures_of("page chart", "live", channel_id, chart | {"end": chart["end_ms"]}))
    middle_ms = from_ms + (until_ms - from_ms) // MINUTE_MS // 2 * MINUTE_MS
    for start_ms, end_ms in {range_ms, (from_ms, middle_ms), (middle_ms, until_ms)}:
        if start_ms < end_ms:
            compare_range(comparison, api, pages, channel_id, start_ms, end_ms)


def compare_rows(
    comparison: Comparison, surface: str, channel_id: str, rows: list[Figure], range_ms: tuple[int, int]
) -> None:
    """Check that the windows in an export cover a range without overlap and add up to the messages of the range."""
    from_ms, until_ms = range_ms
    length_ms = WINDOW_MS if rows and rows[0].kind == "live" else MINUTE_MS
    ends = [row.end_ms for row in rows]
    comparison.equal(surface, f"rows of {channel_id}", ends, [*range(from_ms + length_ms, until_ms + 1, length_ms)])
    total, counts = sum(row.values.get("count_messages") or 0 for row in rows), comparison.chats[channel_id]
    comparison.equal(surface, f"sum of {channel_id}", total, counts.count(from_ms, until_ms).messages)


def compare_range(comparison: Comparison, api: Api, pages: Pages, channel_id: str, from_ms: int, until_ms: int) -> None:
    """Compare the averages, peaks and coverage of a range in the API and on the page."""
    chat, span_s = comparison.chats[channel_id], (until_ms - from_ms) / 1000
    minutes = chat.minutes(from_ms, until_ms)
    response = api.series(channel_id, "live", from_ms, until_ms)
    summary = response["summary"]
    averages = range_values(list(minutes.values()), summary["values"]["viewers"])
    peaks = minute_peaks(minutes.values())
    if until_ms - from_ms <= SHORT_MS:
        peaks |= window_peaks(chat, from_ms, until_ms)
        if crosses_midnight(from_ms, until_ms):
            del peaks["chatters"]
    published = {metric: peak and peak["value"] for metric, peak in summary["peaks"].items()}
    name, where = "API range", f"{channel_id} from {from_ms} to {until_ms}"
    comparison.values(Figure(name, "average", channel_id, until_ms, summary["values"], None, until_ms, {}), averages)
    comparison.values(Figure(name, "peak", channel_id, until_ms, published, None, until_ms, {}), peaks)
    comparison.coverage(name, channel_id, until_ms, response["coverage"])
    edges = [ms_of(summary["from"]), ms_of(summary["to"]), summary["heard_s"], summary["missed_s"]]
    comparison.equal(name, f"edges of {where}", edges, [from_ms, until_ms, span_s, 0])
    comparison.equal(name, f"lower bound of {where}", response["is_lower_bound"], False)
    for metric in BOARDS:
        tiles, coverage = pages.tiles(channel_id, metric, from_ms, until_ms)
        for tile in tiles:
            comparison.values(tile, averages if tile.kind == "average" else peaks)
        comparison.equal("page tile", f"tiles of {where}, {metric}", len(tiles), 2)
        comparison.equal("page tile", f"coverage of {where}", coverage, "100.0")


def compare_viewers(comparison: Comparison, api: Api, helix: Helix, channel_id: str, range_ms: tuple[int, int]) -> None:
    """Check that viewers are within the bounds of Helix's responses. It is unknown which response the product used."""
    points = api.series(channel_id, "minute", *range_ms)["points"]
    for end, viewers in zip(points["end"], points["values"]["viewers"], strict=True):
        end_ms = ms_of(end)
        bounds = helix.between(channel_id, end_ms - MINUTE_MS, end_ms)
        if bounds is not None:
            is_between = viewers is not None and bounds[0] <= viewers <= bounds[1]
            comparison.equal("viewers", f"{channel_id} at {end}: {viewers} between {bounds}", is_between, True)


def moved_messages(url: str) -> float:
    """Return how many messages a producer has counted at a later time than sent; 0 without a URL."""
    lines = httpx.get(url, timeout=10).raise_for_status().text.splitlines() if url else []
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(MOVED))


if __name__ == "__main__":
    sys.exit(main())
