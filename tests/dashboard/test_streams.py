"""Pages of ended broadcasts."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from django.test import Client
from pytest_django import Settings

from apps.dashboard.channel import streams as streams_module
from apps.dashboard.channel.stream_chart import chart_of, marks_within
from apps.dashboard.channel.streams import PAGE_SIZE, PLOT_WIDTH, bars_of, page_of
from apps.dashboard.queries import range_json
from apps.metrics.chart_ranges import Range
from apps.metrics.event_marks import EventMark
from apps.metrics.gaps import GapSpan
from apps.metrics.queries import Point, Series
from core.irc.channel_events import STREAM_END, STREAM_START
from core.metrics.broadcasts import Broadcast
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.conftest import Boards
from tests.pages import read_page

T = 1_795_392_000_000 - 3 * DAY_MS


def point(minute: int, **values: float) -> Point:
    return Point(T + minute * MINUTE_MS, 1.0, values)


def mark(minute: int, kind: str, label: str, count: int | None = None) -> EventMark:
    return EventMark(f"{kind}-{minute}", T + minute * MINUTE_MS, None, kind, count, label)


# The newest broadcast's chart: one hour, with a three-minute gap.
RANGE = Range("", "", HOUR_MS, 15 * MINUTE_MS, "minute", has_live=False, until_ms=T + HOUR_MS)
POINTS = [point(n, viewers=500 + n, messages=20) for n in range(1, 61) if n not in (31, 32, 33)]
MARKS = [
    mark(0, "stream_start", "Stream started"),
    mark(0, "category", "Category: Chess"),
    mark(20, "category", "Category: Chess"),
    mark(25, "raid", "Raid: 40 viewers", 40),
    mark(45, "category", "Category: <b>Go</b>"),
]
GAPS = [GapSpan(T + 30 * MINUTE_MS, T + 33 * MINUTE_MS, "the producer was restarted")]
SERIES = Series(RANGE, POINTS, GAPS, MARKS)


def broadcast(day: int, **changes: object) -> Broadcast:
    started_ms = T - day * DAY_MS
    whole = Broadcast(
        "1",
        started_ms,
        started_ms + 3 * HOUR_MS,
        12_345,
        1.0,
        900,
        512.4,
        1_537.25,
        {started_ms + (n + 1) * HOUR_MS: 100 * (n + 1) for n in range(3)},
        {started_ms + 600_000: 4.25, started_ms + 5_400_000: 9.5},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


class Store:
    """The stored broadcasts of channel 1, newest first."""

    held: list[Broadcast] = []

    def __init__(self, _windows: object) -> None:
        pass

    def read(self, channel_id: str, limit: int, before_ms: int | None = None) -> Sequence[Broadcast]:
        return [
            item
            for item in self.held
            if item.channel_id == channel_id and (before_ms is None or item.started_ms < before_ms)
        ][:limit]

    def find(self, channel_id: str, started_ms: int) -> Broadcast | None:
        return next((item for item in self.read(channel_id, 999) if item.started_ms == started_ms), None)

    def after(self, broadcast: Broadcast) -> Broadcast | None:
        later = [item for item in self.read(broadcast.channel_id, 999) if item.started_ms > broadcast.started_ms]
        return later[-1] if later else None


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, settings: Settings, boards: Boards) -> type[Store]:
    """Twenty broadcasts, one per day, and charts that need no Cassandra."""
    monkeypatch.setattr(streams_module, "BroadcastStore", Store)
    monkeypatch.setattr(streams_module, "read_chart", lambda *_: chart_of(SERIES, T))
    monkeypatch.setattr("apps.dashboard.queries.read_series", lambda *_: None)
    settings.CASSANDRA_HOSTS = ["stands in"]
    Store.held = [broadcast(day) for day in range(20)]
    return Store


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return html.unescape(read_page(response))


def rows(page: str) -> list[str]:
    (table,) = re.findall(r'<tbody id="stream-rows">(.*?)</tbody>', page, re.DOTALL)
    return re.findall(r'<tr><td><a data-field="started" href="(.*?)">', table)


def test_the_channel_page_lists_the_newest_broadcasts(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, "/?channel=1")
    assert rows(page) == [f"/channels/1/streams/{item.started_ms}" for item in Store.held[:PAGE_SIZE]]
    last = Store.held[PAGE_SIZE - 1].started_ms
    assert f'id="streams-older" href="/channels/1/streams?before={last}">' in page
    older = text_of(signed_in, f"/channels/1/streams?before={last}")
    assert rows(older) == [f"/channels/1/streams/{item.started_ms}" for item in Store.held[PAGE_SIZE : 2 * PAGE_SIZE]]
    end = text_of(signed_in, f"/channels/1/streams?before={Store.held[2 * PAGE_SIZE - 1].started_ms}")
    assert len(rows(end)) == 20 - 2 * PAGE_SIZE
    assert ">Older</a>" not in end
    assert ">Newest</a>" in end


def test_the_script_gets_the_same_list_as_the_page(stored: type[Store], signed_in: Client) -> None:
    response = signed_in.get("/channels/1/streams.json").json()
    assert [item["started_ms"] for item in response["streams"]] == [item.started_ms for item in Store.held[:PAGE_SIZE]]
    assert response["before_ms"] == Store.held[PAGE_SIZE - 1].started_ms
    assert response["streams"][0]["href"] == f"/channels/1/streams/{T}"
    assert signed_in.get("/channels/2/streams.json").json() == {"channel": "2", "streams": [], "before_ms": None}


def test_a_broadcast_page_shows_its_values(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    for text in (
        "Alpha, stream of 20 Nov 2026, 00:00",
        ">900<",
        ">512<",
        ">1,537.3<",
        ">12,345<",
        "100.0%",
        "3 h 0 min",
    ):
        assert text in page
    assert 'aria-label="Chatters per hour, UTC: 00:00 100, 01:00 200, 02:00 300"' in page
    assert page.count('<rect class="hour"') == 3
    assert "lower bound" not in page
    assert " style=" not in page


def test_a_partly_heard_broadcast_has_lower_bounds(stored: type[Store], signed_in: Client) -> None:
    Store.held = [broadcast(0, coverage=0.5)]
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    assert "≥ 900" in page
    assert "≥ 12,345" in page
    assert page.count("lower bound") == 2


def test_an_unheard_broadcast_has_no_lower_bounds(stored: type[Store], signed_in: Client) -> None:
    Store.held = [broadcast(0, coverage=0.0, peak_viewers=None, mean_viewers=None, viewers_coverage=0.0)]
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    assert page.count("lower bound") == page.count("≥") == 0
    assert "12,345" not in page
    texts = signed_in.get("/channels/1/streams.json").json()["streams"][0]["texts"]
    assert [texts[field] for field in ("peak", "mean", "watched", "messages")] == ["–"] * 4


@pytest.mark.parametrize(
    ("heard", "known", "viewers", "messages"),
    [(0.5, 1.0, "900", "≥ 12,345"), (1.0, 0.75, "≥ 900", "12,345"), (1.0, 1.0, "900", "12,345")],
)
def test_only_figures_with_missing_data_are_lower_bounds(
    stored: type[Store], signed_in: Client, heard: float, known: float, viewers: str, messages: str
) -> None:
    Store.held = [broadcast(0, coverage=heard, viewers_coverage=known)]
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    tiles = [text for text in re.findall(r'<div class="v">([^<]*)</div>', page) if "900" in text or "12,345" in text]
    assert tiles == [viewers, messages]
    assert page.count("lower bound") == (heard < 1) + (known < 1)
    cells = re.findall(r'data-field="(peak|messages)">\s*([^<]*?)\s*</td>', text_of(signed_in, "/channels/1/streams"))
    texts = signed_in.get("/channels/1/streams.json").json()["streams"][0]["texts"]
    assert (
        dict(cells[:2]) == {"peak": viewers, "messages": messages} == {key: texts[key] for key in ("peak", "messages")}
    )


def test_moments_link_to_the_chart_and_are_sorted_by_excitement(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    links = re.findall(r'<a href="(/\?channel=1&metric=chatters&[^"]*)"><time', page)
    assert links == [
        "/?channel=1&metric=chatters&from=2026-11-20T01%3A20%3A00Z&until=2026-11-20T01%3A40%3A00Z",
        "/?channel=1&metric=chatters&from=2026-11-20T00%3A00%3A00Z&until=2026-11-20T00%3A20%3A00Z",
    ]
    assert "9.5" in page


def test_broadcasts_link_to_their_neighbors(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, f"/channels/1/streams/{T - DAY_MS}")
    assert f'rel="prev" href="/channels/1/streams/{T - 2 * DAY_MS}"' in page
    assert f'rel="next" href="/channels/1/streams/{T}"' in page
    assert "The most recent finished stream" in text_of(signed_in, f"/channels/1/streams/{T}")
    assert "The first stream on record" in text_of(signed_in, f"/channels/1/streams/{T - 19 * DAY_MS}")


def test_the_page_says_that_a_broadcast_has_little_data(stored: type[Store], signed_in: Client) -> None:
    Store.held = [
        broadcast(0, peak_viewers=None, mean_viewers=None, hours_watched=None, chatters_by_hour={}, moments={})
    ]
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    assert page.count('<div class="v">–</div>') == 3
    assert "No hours of this stream have been counted yet" in page
    assert "No moments stood out" in page


def test_the_page_says_that_a_channel_has_no_broadcasts(stored: type[Store], signed_in: Client) -> None:
    Store.held = []
    assert "No stream summaries yet" in text_of(signed_in, "/channels/1/streams")
    page = text_of(signed_in, "/?channel=1")
    assert '<div id="streams-some" hidden>' in page
    assert 'id="streams-none">' in page
    assert 'id="streams-away" hidden>' in page


def test_a_broadcast_page_begins_with_a_chart(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    assert page.index("Viewers and messages") < page.index("Peak viewers")
    assert page.count('<path class="line"') == 2
    assert "<title>Chess</title>" in page
    assert "Raid: 40 viewers" in page
    assert "the producer was restarted" in page
    raw = read_page(signed_in.get(f"/channels/1/streams/{T}"))
    assert "&lt;b&gt;Go&lt;/b&gt;" in raw
    assert "<b>Go</b>" not in raw


def test_a_broadcast_is_compared_with_the_previous_five(stored: type[Store], signed_in: Client) -> None:
    Store.held[0] = broadcast(0, peak_viewers=1_800)
    page = re.sub(r"<[^>]*>", "", text_of(signed_in, f"/channels/1/streams/{T}"))
    assert "+100% vs. the previous 5 streams" in " ".join(page.split())
    oldest = text_of(signed_in, f"/channels/1/streams/{Store.held[-1].started_ms}")
    assert "vs. the previous" not in oldest


def test_the_effect_of_a_raid_is_listed(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    row = page[page.index("<h2>Raids</h2>") :]
    # The means of minutes 21 to 25, before the raid, and of minutes 36 to 40, from ten minutes after it.
    assert re.findall(r'<td class="num">(.*?)</td>', row)[:4] == ["40", "523", "538", "+15"]


def test_an_unavailable_chart_does_not_hide_the_other_figures(
    stored: type[Store], signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams_module, "read_chart", lambda *_: None)
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    assert "The chart could not be loaded" in page
    assert ">12,345<" in page


def test_categories_cover_the_time_after_the_first_known_one() -> None:
    chart = chart_of(SERIES, T)
    assert [(band.at, band.width, band.label) for band in chart.categories] == [(0, 75, "Chess"), (75, 25, "<b>Go</b>")]
    assert [(gap.at, gap.width) for gap in chart.gaps] == [(50, 5)]
    assert [pin.kind for pin in chart.pins] == ["raid"]
    # The line is broken by the gap.
    assert chart.plots[0].path.count("M") == 2


def test_a_category_is_labeled_only_where_its_name_fits() -> None:
    marks = [mark(0, "category", "Category: Chess"), mark(50, "category", "Category: A category with a long name")]
    chart = chart_of(Series(RANGE, POINTS, [], marks), T)
    assert [band.is_labeled for band in chart.categories] == [True, False]
    assert chart.has_unlabeled_categories
    assert not chart_of(SERIES, T).has_unlabeled_categories


def test_categories_are_listed_with_their_times(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    listed = page[page.index('<ol class="cat-list') :].partition("</ol>")[0]
    times = re.findall(r'<span data-hm="(\d+)">', listed)
    assert times == [str(T), str(T + 45 * MINUTE_MS)]
    assert "Chess" in listed


def test_a_metric_without_values_has_a_sentence_instead_of_axes(
    stored: type[Store], signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [Point(point.end_ms, 1.0, {"messages": 5.0}) for point in POINTS]
    chart = chart_of(Series(RANGE, points, [], MARKS), T)
    assert [(plot.path == "", len(plot.ticks)) for plot in chart.plots] == [(True, 0), (False, 2)]
    monkeypatch.setattr(streams_module, "read_chart", lambda *_: chart)
    page = text_of(signed_in, f"/channels/1/streams/{T}")
    assert "Viewers are unknown for this stream." in page
    assert page.count('<path class="line"') == 1


def test_the_script_can_draw_the_chart_for_a_png_export() -> None:
    columns = chart_of(SERIES, T).columns
    gaps, marks = cast("list[dict[str, object]]", columns["gaps"]), cast("list[dict[str, object]]", columns["marks"])
    assert [(gap["from_ms"], gap["until_ms"]) for gap in gaps] == [(GAPS[0].from_ms, GAPS[0].until_ms)]
    assert [event["kind"] for event in marks] == ["raid"]
    assert columns["range"] == range_json(RANGE)


def test_events_of_a_broadcast_that_starts_as_this_one_ends_are_left_out() -> None:
    ended = broadcast(0)
    ends = [(STREAM_END, 0), (STREAM_START, 0), ("category", 0), ("raid", 1)]
    marks = [
        EventMark("before", ended.started_ms - 1, None, "raid", 1, "Raid: 1 viewers"),
        EventMark("sum", ended.started_ms - 1, None, "bans", 1, "Bans: 1"),
        EventMark("start", ended.started_ms, None, STREAM_START, None, "Stream started"),
        *(EventMark(kind, ended.ended_ms + late_ms, None, kind, None, kind) for kind, late_ms in ends),
    ]
    assert [mark.id for mark in marks_within(marks, ended)] == ["sum", "start", STREAM_END]


def test_a_broadcast_without_a_recorded_category_has_no_bands() -> None:
    chart = chart_of(Series(RANGE, POINTS, [], MARKS[:1]), T)
    assert chart.categories == []


def test_a_broadcast_without_minutes_is_drawn_by_the_hour() -> None:
    hours = Range("", "", 3 * HOUR_MS, HOUR_MS, "hour", has_live=False, until_ms=T + 3 * HOUR_MS)
    points = [Point(T + n * HOUR_MS, 1.0, {"viewers": 100.0 * n}) for n in range(1, 4)]
    chart = chart_of(Series(hours, points, [], MARKS), T)
    assert not chart.is_by_minute
    assert chart.raids == []
    assert chart.plots[0].path.count("L") == 2


@pytest.mark.parametrize("path", ["5", str(T + 1), "9" * 30, "0"])
def test_unknown_broadcasts_return_404(stored: type[Store], signed_in: Client, path: str) -> None:
    assert signed_in.get(f"/channels/1/streams/{path}").status_code == 404
    assert signed_in.get(f"/channels/77/streams/{T}").status_code == 404


def test_broadcast_pages_report_an_unavailable_cassandra(boards: Boards, signed_in: Client) -> None:
    assert "Previous streams could not be loaded" in text_of(signed_in, "/channels/1/streams", 503)
    assert "This stream could not be loaded" in text_of(signed_in, f"/channels/1/streams/{T}", 503)
    assert signed_in.get("/channels/1/streams.json").status_code == 503
    assert 'id="streams-away">' in text_of(signed_in, "/?channel=1")


@pytest.mark.parametrize("path", ["/channels/1/streams", f"/channels/1/streams/{T}"])
def test_broadcast_pages_require_sign_in(boards: Boards, client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == f"/account/login/?next={path}"
    assert client.get("/channels/1/streams.json").status_code == 401


def test_hours_without_data_leave_a_gap_between_bars() -> None:
    bars = bars_of({T: 50, T + 3 * HOUR_MS: 100})
    assert [bar.height for bar in bars] == [75, 150]
    assert bars[0].middle == pytest.approx(PLOT_WIDTH / 8)
    assert bars[1].middle == pytest.approx(PLOT_WIDTH * 7 / 8)
    assert bars_of({}) == []
    assert [bar.height for bar in bars_of({T: 0})] == [0]


def test_long_broadcasts_label_few_hours() -> None:
    long = broadcast(0, chatters_by_hour={T + n * HOUR_MS: 1 for n in range(40)})
    assert page_of(long, [], None, None).label_every == 4
