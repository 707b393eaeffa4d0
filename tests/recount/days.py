"""Figures of days and hours from a day's minutes: published minutes before the recount, then recounted minutes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.recount.comparison import Comparison
from tests.recount.counting import DAY_MS, HOUR_MS, MINUTE_MS, PEAK_MESSAGES, Chat
from tests.recount.published import EXPORT_DECIMALS, Api, Figure, Pages, ms_of

# Metrics that depend only on chat.
METRICS = ("messages", "spam", "chatters", "repetition", "shared")
PEAKS = ("messages", "spam", "chatters", "repetition")
ROLLED_UP_S = 300.0


@dataclass(frozen=True, slots=True)
class Minute:
    """The counts of a minute. `observed_s` is the time claimed by pulses, `heard_s` the part of it outside gaps."""

    messages: float
    words: float
    chatters: float
    texts: float
    copies: float
    observed_s: float = 60.0
    heard_s: float = 60.0


Minutes = Mapping[int, Minute]


def recounted_minutes(chat: Chat, from_ms: int, until_ms: int) -> dict[int, Minute]:
    """Return the recounted minutes of [from_ms, until_ms) by their start; all were heard throughout."""
    return {
        end_ms - MINUTE_MS: Minute(counts.messages, counts.words, counts.chatters, counts.texts, counts.copies)
        for end_ms, counts in chat.minutes(from_ms, until_ms).items()
    }


def published_minutes(rows: Iterable[Mapping[str, str]]) -> dict[int, Minute]:
    """Return the minutes in the rows of a CSV export by start time."""
    return {ms_of(row["end"]) - MINUTE_MS: _published_minute(row) for row in rows}


def values_of(minutes: Sequence[Minute]) -> dict[str, float | None]:
    """Return the metrics of a day or an hour, its time heard in seconds and its number of messages."""
    messages, copies = (sum(getattr(minute, name) for minute in minutes) for name in ("messages", "copies"))
    observed_s = sum(minute.observed_s for minute in minutes)
    chatters = [minute.chatters for minute in minutes if minute.observed_s >= 30]
    return {
        "messages": 30 * messages / observed_s if observed_s else None,
        "shared": 30 * copies / observed_s if observed_s else None,
        "spam": sum(minute.words for minute in minutes) / messages if messages else None,
        "repetition": 100 * (1 - sum(minute.texts for minute in minutes) / messages) if messages else None,
        "chatters": sum(chatters) / len(chatters) if chatters else None,
        "heard_s": sum(minute.heard_s for minute in minutes),
        "total_messages": messages,
    }


def peaks_of(minutes: Sequence[Minute]) -> dict[str, float | None]:
    """Return the values of the busiest minutes, rounded to six decimal places."""
    heard = [minute for minute in minutes if minute.observed_s >= 30]
    busy = [minute for minute in heard if minute.messages >= PEAK_MESSAGES]
    peaks = {
        "messages": [30 * minute.messages / minute.observed_s for minute in heard],
        "spam": [minute.words / minute.messages for minute in busy],
        "chatters": [minute.chatters for minute in heard],
        "repetition": [100 * (1 - minute.texts / minute.messages) for minute in busy],
    }
    return {name: math.floor(max(found) * 1e6 + 0.5) / 1e6 if found else None for name, found in peaks.items()}


def compare_figures(comparison: Comparison, figures: Iterable[Figure], minutes: Minutes) -> None:
    """Compare figures of whole days or hours with the minutes of the same channel."""
    for figure in figures:
        from_ms = figure.end_ms - (HOUR_MS if figure.kind == "hour" else DAY_MS)
        inside = [minute for start_ms, minute in minutes.items() if from_ms <= start_ms < figure.end_ms]
        comparison.values(figure, peaks_of(inside) if figure.kind.endswith("peak") else values_of(inside))


def query_figures(response: Mapping[str, Any], channel_id: str, day_ms: int) -> Iterator[Figure]:
    """Yield a channel's figures in the response to an API query for one day."""
    (item,) = (item for item in response["items"] if item["channel_id"] == channel_id)
    total, until_ms = item["total"], day_ms + DAY_MS
    times = {"heard_s": total["heard_s"], "total_messages": total["messages"]}
    peaks = {metric: peak and peak["value"] for metric, peak in total["peaks"].items()}
    yield _figure("API query", "day", channel_id, until_ms, total["values"] | times)
    yield _figure("API query", "day peak", channel_id, until_ms, peaks)
    if item["days"] is not None:
        values = {metric: column[0] for metric, column in item["days"]["values"].items()}
        yield _figure("API query, days", "day", channel_id, until_ms, values | {"heard_s": item["days"]["heard_s"][0]})
    if item["hours"] is not None:
        for number, start in enumerate(response["hour_start"]):
            values = {metric: column[number] for metric, column in item["hours"]["values"].items()}
            yield _figure("API query, hours", "hour", channel_id, ms_of(start) + HOUR_MS, values)


def summary_figures(response: Mapping[str, Any], channel_id: str, until_ms: int) -> Iterator[Figure]:
    """Yield the averages and peaks of the API's summary of a day."""
    summary = response["summary"]
    peaks = {metric: peak and peak["value"] for metric, peak in summary["peaks"].items()}
    yield _figure("API, day", "day", channel_id, until_ms, summary["values"] | {"heard_s": summary["heard_s"]})
    yield _figure("API, day", "day peak", channel_id, until_ms, peaks)


def discover_figures(rows: Iterable[Mapping[str, str]], until_ms: int) -> dict[str, list[Figure]]:
    """Return the figures by channel in the Discover export for several days; only the last day has data."""
    slack = {metric: 0.5 * 10**-digits for metric, digits in EXPORT_DECIMALS.items()}
    return {
        row["id"]: [
            Figure(
                "page, Discover",
                "day",
                row["id"],
                until_ms,
                {metric: float(row[metric]) if row[metric] else None for metric in METRICS},
                None,
                until_ms,
                slack,
            )
        ]
        for row in rows
    }


def tile_figures(pages: Pages, channel_id: str, day_ms: int) -> Iterator[Figure]:
    """Yield the averages and peaks that the channel's page shows for a day."""
    for metric in PEAKS:
        tiles, _ = pages.tiles(channel_id, metric, day_ms, day_ms + DAY_MS)
        for tile in tiles:
            kind = "day peak" if tile.kind == "peak" else "day"
            yield Figure("page, day", kind, channel_id, day_ms + DAY_MS, tile.values, None, tile.end_ms, tile.slack)


def compare_days(comparison: Comparison, api: Api, pages: Pages, day_ms: int, from_ms: int) -> None:
    """Compare the day from `day_ms`, which has ended, on every surface; its minutes are recounted from `from_ms` on."""
    until_ms, channel_ids = day_ms + DAY_MS, sorted(comparison.chats)
    wait_until_rolled_up(api, channel_ids, day_ms)
    responses = [query(api, channel_ids, day_ms, grain) for grain in ("day", "hour")]
    discover = discover_figures(pages.discover("7d"), until_ms)
    for channel_id in channel_ids:
        before = published_minutes(api.rows(channel_id, "minute", day_ms, from_ms))
        minutes = before | recounted_minutes(comparison.chats[channel_id], from_ms, until_ms)
        for response in responses:
            compare_figures(comparison, query_figures(response, channel_id, day_ms), minutes)
        summary = api.series(channel_id, "minute", day_ms, until_ms)
        compare_figures(comparison, summary_figures(summary, channel_id, until_ms), minutes)
        compare_figures(comparison, tile_figures(pages, channel_id, day_ms), minutes)
        comparison.equal("page, Discover", f"rows of {channel_id}", len(discover.get(channel_id, ())), 1)
        compare_figures(comparison, discover.get(channel_id, ()), minutes)


def query(api: Api, channel_ids: Sequence[str], day_ms: int, grain: str) -> dict[str, Any]:
    """Return the API's response for one day of several channels."""
    day = f"{datetime.fromtimestamp(day_ms / 1000, UTC):%Y-%m-%d}"
    body = {"channels": list(channel_ids), "first_day": day, "last_day": day, "metrics": list(METRICS)}
    return api.post("query", body | {"grain": grain})


def wait_until_rolled_up(api: Api, channel_ids: Sequence[str], day_ms: int) -> None:
    """Wait until every channel has a row for the day. Raises: TimeoutError."""
    limit_s = time.monotonic() + ROLLED_UP_S
    while any(item["total"]["messages"] is None for item in query(api, channel_ids, day_ms, "total")["items"]):
        if time.monotonic() > limit_s:
            raise TimeoutError("the day has not been rolled up")
        time.sleep(1)


def _figure(surface: str, kind: str, channel_id: str, end_ms: int, values: Mapping[str, float | None]) -> Figure:
    return Figure(surface, kind, channel_id, end_ms, values, None, end_ms, {})


def _published_minute(row: Mapping[str, str]) -> Minute:
    names = ("count_messages", "count_words", "chatters", "count_texts", "count_copies", "observed_ms", "coverage")
    messages, words, chatters, texts, copies, observed_ms, coverage = (float(row[name] or 0) for name in names)
    return Minute(messages, words, chatters, texts, copies, observed_ms / 1000, 60 * coverage)
