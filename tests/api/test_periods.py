"""Queries for several channels over whole days: figures, selections, limits and tables."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.api.rest import periods
from apps.api.rest.period_results import Result, period_table
from apps.api.rest.responses import Table
from apps.channels.models import Channel
from apps.metrics import days, hours
from apps.metrics.exports.formats import Cell
from apps.metrics.spans import iso
from apps.workspaces import services
from apps.workspaces.models import Segment
from core.metrics.ranges import summarize
from core.metrics.table import METRIC
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import DAY_MS, HOUR_MS
from tests.api.conftest import Api, user_of
from tests.reference_days import IDS, ReferenceDays, ReferenceHours, rows_of, summary_of

MIDNIGHT = 1_795_392_000_000
DAYS = {"first_day": "2026-11-20", "last_day": "2026-11-22"}


@pytest.fixture(autouse=True)
def history(settings: Settings, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    settings.CASSANDRA_HOSTS = ["reference"]
    monkeypatch.setattr(days, "DayStore", ReferenceDays)
    monkeypatch.setattr(hours, "WindowStore", ReferenceHours)
    monkeypatch.setattr(periods, "now_ms", lambda: MIDNIGHT + HOUR_MS)
    seen_at = dt.datetime.fromtimestamp(MIDNIGHT / 1000, dt.UTC)
    for channel_id in IDS:
        fields: dict[str, Any] = {"category": "Chess", "last_seen_at": seen_at, "viewers": int(channel_id)}
        Channel.objects.create(id=channel_id, login=f"c{channel_id}", name=f"C{channel_id}", **fields)


async def post_query(api: Api, path: str = "query", **body: Any) -> Any:
    response = await api.request("POST", path, json={**DAYS, **body})
    assert response.status_code == 200, response.text
    return response


async def errors(api: Api, **body: Any) -> dict[str, str]:
    response = await api.request("POST", "query", json={"channels": IDS, **DAYS, **body})
    assert response.status_code == 400
    return {error["field"]: error["reason"] for error in response.json()["errors"]}


async def test_figures_match_the_stored_minutes(api: Api) -> None:
    keys = [key for key in METRIC if key != "excitement"]
    result = (await post_query(api, channels=IDS, metrics=keys)).json()
    assert [item["channel_id"] for item in result["items"]] == IDS
    for item in result["items"]:
        raw = summary_of(item["channel_id"], MIDNIGHT - 3 * DAY_MS, MIDNIGHT)
        total = item["total"]
        assert total["values"] == {key: raw.value(METRIC[key]) for key in keys}
        peaks = {key: peak["value"] if peak else None for key, peak in total["peaks"].items()}
        assert peaks == {
            key: raw.peaks[key].value if key in raw.peaks else None for key in keys if METRIC[key].has_peak
        }
        assert (total["hours_watched"], total["coverage_on_air"]) == (raw.hours_watched, raw.coverage_on_air)
        assert total["messages"] == (raw.sums["messages"] if raw.heard_ms else None)
        assert (item["previous"], item["days"]) == (None, None)
    assert result["totals"] == {
        "channels": 3,
        "live_channels": 2,
        "messages": sum(item["total"]["messages"] or 0 for item in result["items"]),
        "hours_watched": sum(item["total"]["hours_watched"] or 0 for item in result["items"]),
        "on_air_s": 3 * 30 * 60,
        "is_lower_bound": True,
    }
    assert (result["first_day"], result["last_day"], result["previous_totals"]) == ("2026-11-20", "2026-11-22", None)
    assert result["units"]["chatters"] == "chatters / min"


async def test_days_and_the_previous_period_are_added_on_request(api: Api) -> None:
    result = (await post_query(api, channels=["101"], metrics=["viewers"], grain="day", compare=True)).json()
    item, from_ms = result["items"][0], MIDNIGHT - 3 * DAY_MS
    by_day = [summary_of("101", start, start + DAY_MS) for start in range(from_ms, MIDNIGHT, DAY_MS)]
    assert item["days"]["day"] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert item["days"]["values"]["viewers"] == [day.value(METRIC["viewers"]) for day in by_day]
    assert item["days"]["on_air_s"] == item["days"]["heard_s"] == [600.0] * 3
    before = summary_of("101", from_ms - 3 * DAY_MS, from_ms)
    assert item["previous"]["values"]["viewers"] == before.value(METRIC["viewers"])
    assert item["previous"]["values"] != item["total"]["values"]
    assert result["previous_totals"]["hours_watched"] == before.hours_watched


async def test_hourly_values_equal_those_computed_from_minutes(api: Api) -> None:
    keys = [key for key in METRIC if key != "excitement"]
    result = (await post_query(api, channels=IDS, metrics=keys, grain="hour", compare=True)).json()
    from_ms = MIDNIGHT - 3 * DAY_MS
    starts = range(from_ms, MIDNIGHT, HOUR_MS)
    assert result["hour_start"] == [iso(start_ms) for start_ms in starts]
    for item in result["items"]:
        for number, start_ms in enumerate(starts):
            rows = rows_of(item["channel_id"], start_ms // DAY_MS * DAY_MS)
            inside = [row for row in rows if start_ms <= row.start_ms < start_ms + HOUR_MS]
            raw = summarize(inside, RecordedGaps(), Intervals(), start_ms, start_ms + HOUR_MS)
            values = {key: column[number] for key, column in item["hours"]["values"].items()}
            assert values == {key: raw.value(METRIC[key]) for key in keys}
            times = (item["hours"]["on_air_s"][number], item["hours"]["heard_s"][number])
            assert times == (raw.on_air_ms / 1000, raw.heard_ms / 1000)
    # Totals and the comparison are still computed from the days.
    by_day = (await post_query(api, channels=IDS, metrics=keys, grain="day", compare=True)).json()
    assert (by_day["hour_start"], by_day["items"][0]["hours"]) == (None, None)
    assert result["items"][0]["days"] is None
    for name in ("total", "previous"):
        assert [item[name] for item in result["items"]] == [item[name] for item in by_day["items"]]
    assert (result["totals"], result["previous_totals"]) == (by_day["totals"], by_day["previous_totals"])


async def test_hours_are_read_in_batches_and_gaps_only_for_days_with_missed_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hours, "BATCH_SIZE", 2)
    await post_query(api, channels=IDS, grain="hour", first_day="2026-11-22", compare=True)
    assert ReferenceHours.reads == [2, 1]
    # Chat was missed only in the second channel. A gap that extends into a day may have begun the day before.
    assert ReferenceHours.gap_days == [("102", dt.date(2026, 11, 21)), ("102", dt.date(2026, 11, 22))]


async def test_large_tables_are_rendered_outside_the_event_loop(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def table_of(result: Result) -> Table:
        table = period_table(result)

        def rows() -> Sequence[Sequence[Cell]]:
            threads.append(threading.current_thread())
            return table.rows()

        return Table(table.fields, rows)

    monkeypatch.setattr(periods, "period_table", table_of)
    await post_query(api, "query.csv", channels=IDS, grain="hour")
    assert len(threads) == 1
    assert threads != [threading.current_thread()]


async def test_the_excitement_of_whole_days_is_unknown(api: Api) -> None:
    result = (await post_query(api, channels=["101"], metrics=["excitement"])).json()
    assert result["items"][0]["total"]["values"] == {"excitement": None}


async def test_channels_are_selected_by_watchlist_segment_and_category(api: Api) -> None:
    @sync_to_async
    def lists() -> tuple[int, int, int, int]:
        owner, other = user_of("buyer@example.com"), user_of("other@example.com")
        mine, theirs = (services.create(owner=account, name="L") for account in (owner, other))
        services.put(watchlist=mine, channel_ids=["102", "101"])
        live, week = (
            Segment.objects.create(owner=owner, name=query, query=query) for query in ("", "?range=7d&sort=-hours_live")
        )
        return mine.pk, theirs.pk, live.pk, week.pk

    mine, theirs, segment, week = await lists()
    assert ids(await post_query(api, watchlist=mine)) == ["102", "101"]
    assert ids(await post_query(api, category="Chess")) == ["103", "102", "101"]
    assert ids(await post_query(api, category="Go")) == []
    # The three channels are those on the boards; no days are stored for them.
    assert len(ids(await post_query(api, segment=segment))) == 3
    assert ids(await post_query(api, segment=week)) == ["102", "101"]
    for name, number in (("watchlist", theirs), ("segment", week + 1)):
        response = await api.request("POST", "query", json={name: number, **DAYS})
        assert response.json()["errors"] == [{"field": name, "reason": f"You have no such {name}."}]


def ids(response: Any) -> list[str]:
    return [item["channel_id"] for item in response.json()["items"]]


async def test_blocked_channels_are_unknown(api: Api) -> None:
    await sync_to_async(Channel.objects.filter(pk="102").update)(blocked=True)
    assert await errors(api) == {"channels": "No channel has the ID 102."}
    assert ids(await post_query(api, category="Chess")) == ["103", "101"]


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"watchlist": 1}, "watchlist", "Send one of channels, watchlist, segment, category."),
        ({"last_day": "2026-11-23"}, "last_day", "The day has not ended. The last complete day is 2026-11-22."),
        ({"first_day": "2026-11-23"}, "first_day", "It must not be after “last_day”."),
        ({"first_day": "1999-01-01"}, "first_day", "Nothing is recorded before 2023-11-14."),
        ({"first_day": "20.11.2026"}, "first_day", "Date has wrong format. Use one of these formats instead: "),
        ({"first_day": "2026-11-31"}, "first_day", "Date has wrong format."),
        ({"first_day": 20_261_120}, "first_day", "Date has wrong format."),
        ({"metrics": ["likes"]}, "metrics.0", "“likes” is not one of"),
        ({"metrics": []}, "metrics", "Ensure this field has at least 1 elements."),
        ({"channels": [str(n) for n in range(501)]}, "channels", "Ensure this field has no more than 500 elements."),
        ({"days": 7}, "days", "Unknown field. Known: channels, watchlist"),
    ],
)
async def test_errors_of_invalid_queries_name_the_field(
    api: Api, body: dict[str, Any], field: str, reason: str
) -> None:
    found = await errors(api, **body)
    assert list(found) == [field]
    assert reason.split(" instead")[0] in found[field]


async def test_the_error_for_a_query_without_channels_lists_the_choices(api: Api) -> None:
    response = await api.request("POST", "query", json=DAYS)
    assert response.json()["errors"] == [
        {"field": "channels", "reason": "Send one of channels, watchlist, segment, category."}
    ]


async def test_the_cost_of_a_query_is_limited(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "CHANNEL_DAYS_MAX", 17)
    reason = (
        "3 channels × 6 days (including the previous period) is 18 channel-days. The limit is 17. "
        "Request fewer days or channels."
    )
    assert await errors(api, compare=True) == {"first_day": reason}
    assert len(ids(await post_query(api, channels=IDS))) == 3


async def test_the_cost_of_hourly_queries_is_limited(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "CHANNEL_HOURS_MAX", 216)
    # The hours of the previous period are not read.
    assert len(ids(await post_query(api, channels=IDS, grain="hour", compare=True))) == 3
    reason = (
        "3 channels × 96 hours is 288 channel-hours. The limit is 216. "
        "Request fewer days or channels, or the grain “day”."
    )
    assert await errors(api, grain="hour", first_day="2026-11-19") == {"grain": reason}
    assert len(ids(await post_query(api, channels=IDS, grain="day", first_day="2026-11-19"))) == 3


@pytest.mark.parametrize("grain", ["total", "day", "hour"])
async def test_tables_contain_the_figures_of_the_json_response(api: Api, grain: str) -> None:
    body: dict[str, Any] = {"channels": IDS, "metrics": ["viewers", "spam"], "grain": grain, "compare": True}
    document = (await post_query(api, **body)).json()
    table = list(csv.DictReader(io.StringIO((await post_query(api, "query.csv", **body)).text.removeprefix("\ufeff"))))
    lines = (await post_query(api, "query.ndjson", **body)).text.splitlines()
    rows = [json.loads(line) for line in lines[1:]]
    if grain == "total":
        expected = [
            (
                item["login"],
                item["total"]["values"]["spam"],
                item["total"]["messages"],
                item["previous"]["values"]["viewers"],
            )
            for item in document["items"]
        ]
        assert [tuple(map(r.get, ("login", "spam", "message_count", "previous_viewers"))) for r in rows] == expected
    elif grain == "hour":
        expected = [
            (item["login"], start, item["hours"]["values"]["viewers"][number], item["hours"]["heard_s"][number])
            for item in document["items"]
            for number, start in enumerate(document["hour_start"])
        ]
        assert [tuple(map(r.get, ("login", "start", "viewers", "heard_s"))) for r in rows] == expected
    else:
        expected = [
            (item["login"], day, item["days"]["values"]["viewers"][number], item["days"]["on_air_s"][number])
            for item in document["items"]
            for number, day in enumerate(item["days"]["day"])
        ]
        assert [tuple(map(r.get, ("login", "day", "viewers", "on_air_s"))) for r in rows] == expected
    assert len(table) == len(rows) == {"total": 3, "day": 9, "hour": 216}[grain]
