"""Formats, caching and contents of responses."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import datetime
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async

from apps.channels.models import Channel
from apps.status.queries import status_cache
from apps.status.services import record_sample
from core.metrics.counting_rules import RULES
from core.ops.health import HealthSnapshot
from tests.api.conftest import Api
from tests.dashboard.conftest import Boards
from twitchly.clock import now_ms


async def test_a_board_is_sent_as_csv_on_request(api: Api) -> None:
    for path, headers in (
        ("boards/viewers.csv", {}),
        ("boards/viewers?format=csv", {}),
        ("boards/viewers", {"Accept": "text/csv"}),
    ):
        response = await api.get(path, headers=headers)
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        head, *rows = csv.reader(io.StringIO(response.text.removeprefix("\ufeff")))
        assert head[:3] == ["rank", "channel_id", "login"]
        assert "value (viewers)" in head
        assert [row[3] for row in rows] == ["Beta", "Alpha", "Gamma"]


async def test_ndjson_starts_with_the_units(api: Api) -> None:
    lines = [json.loads(line) for line in (await api.get("boards/viewers.ndjson")).text.splitlines()]
    assert lines[0]["schema"]["value"] == "viewers"
    assert [line["rank"] for line in lines[1:]] == [1, 2, 3]


async def test_formulas_in_names_are_escaped_in_csv(api: Api, boards: Boards) -> None:
    boards.list_channel("2", "=HYPERLINK(0)")
    assert "'=HYPERLINK(0)" in (await api.get("boards/viewers.csv")).text


async def test_a_304_is_sent_if_the_response_is_unchanged(api: Api) -> None:
    first = await api.get("metrics")
    assert first.headers["Cache-Control"] == "private, max-age=3600"
    second = await api.get("metrics", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.content) == (304, b"")
    other = await api.get("metrics/spam", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


async def test_live_values_may_be_cached_for_one_second(api: Api) -> None:
    response = await api.get("channels/2/live")
    assert response.headers["Cache-Control"] == "private, max-age=1"
    assert "ETag" not in response.headers
    assert response.json()["values"]["viewers"] == 12_418


async def test_long_responses_are_compressed_if_accepted(api: Api) -> None:
    plain = await api.get("metrics", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    short = await api.get("metrics", headers={"Accept-Encoding": "gzip"})
    assert short.headers["Content-Encoding"] == "gzip"
    assert short.json() == plain.json()
    assert int(short.headers["Content-Length"]) < len(plain.content) / 2
    assert gzip.compress(plain.content)


async def test_times_are_in_utc_and_end_with_z(api: Api) -> None:
    end = (await api.get("boards/viewers")).json()["rows"][0]["end"]
    assert end.endswith("Z")
    assert datetime.fromisoformat(end).tzinfo is not None


async def test_channel_pages_neither_skip_nor_repeat_channels(api: Api) -> None:
    for number in range(7):
        await Channel.objects.acreate(id=str(100 + number), login=f"c{number}", name=f"C{number}")
    ids, cursor = [], ""
    for _ in range(4):
        page = (await api.get(f"channels?limit=2{cursor and '&cursor=' + cursor}")).json()
        ids += [channel["id"] for channel in page["items"]]
        cursor = page["next"] or ""
    assert ids == [str(100 + number) for number in range(7)]
    assert cursor == ""


async def test_metrics_come_with_the_counting_rules(api: Api) -> None:
    rules = (await api.get("metrics")).json()["rules"]
    assert [(rule["key"], rule["text"]) for rule in rules] == [(rule.key, rule.text) for rule in RULES]


async def test_live_channels_are_found_by_part_of_their_name(api: Api) -> None:
    channels = (await api.get("channels?live=true&q=ET")).json()["items"]
    assert [(channel["id"], channel["name"], channel["is_live"]) for channel in channels] == [("2", "Beta", True)]
    assert channels[0]["url"] == "https://www.twitch.tv/beta"


async def test_a_language_is_shown_with_its_code_and_name_everywhere(api: Api) -> None:
    await Channel.objects.acreate(id="77", login="old", name="Old", language="zh-hk")
    board = (await api.get("boards/viewers?language=en")).json()
    stored = (await api.get("channels/77")).json()
    objects = [board, *board["rows"], (await api.get("channels/2")).json()]
    objects += (await api.get("channels?live=true")).json()["items"]
    assert len(board["rows"]) > 0
    assert {(item["language"], item["language_name"]) for item in objects} == {("en", "English")}
    assert (stored["language"], stored["language_name"]) == ("zh-hk", "Chinese (Hong Kong)")
    for path in ("boards/viewers.csv?language=en", "channels.csv?live=true"):
        head, *rows = (await api.get(path)).text.removeprefix("\ufeff").splitlines()
        names = head.split(",")
        assert {tuple(row.split(",")[names.index(name)] for name in ("language", "language_name")) for row in rows} == {
            ("en", "English")
        }
    unfiltered = (await api.get("boards/viewers")).json()
    assert (unfiltered["language"], unfiltered["language_name"]) == ("", "")


async def test_the_live_filter_selects_live_channels_or_all_the_others(api: Api) -> None:
    for number, login in ((2, "beta"), (77, "old"), (78, "older")):
        await Channel.objects.acreate(id=str(number), login=login, name=login)

    async def found(query: str) -> list[str]:
        return [channel["id"] for channel in (await api.get(f"channels{query}")).json()["items"]]

    assert await found("?live=false") == ["77", "78"]
    assert await found("?live=false&q=older") == ["78"]
    assert await found("?live=false&limit=1") == ["77"]
    assert not {"77", "78"} & set(await found("?live=true"))
    assert await found("") == ["2", "77", "78"]


@pytest.mark.parametrize("live", ["live=true&", ""])
async def test_a_channel_is_found_by_its_url_or_id(api: Api, live: str) -> None:
    for number, login in ((2, "beta"), (20, "beta_two")):
        await Channel.objects.acreate(id=str(number), login=login, name=login)
    for text in ("https://www.twitch.tv/Beta/about", "twitch.tv/popout/beta/chat"):
        channels = (await api.get(f"channels?{live}q={quote(text)}")).json()["items"]
        assert [channel["id"] for channel in channels] == ["2"]
    channels = (await api.get(f"channels?{live}q=2")).json()["items"]
    assert [channel["id"] for channel in channels] == ["2"]
    refused = await api.get(f"channels?{live}q={quote('https://www.twitch.tv/videos/2460329693')}")
    assert refused.status_code == 400
    (error,) = refused.json()["errors"]
    assert (error["field"], error["reason"].split(".")[0]) == ("q", "This is the URL of a video")


async def test_a_stored_offline_channel_has_a_profile_but_no_values(api: Api) -> None:
    await Channel.objects.acreate(id="77", login="old", name="Old", language="en")
    assert (await api.get("channels/77")).json()["is_live"] is False
    live = (await api.get("channels/77/live")).json()
    assert (live["state"], live["values"], live["end"]) == ("absent", {}, None)


async def test_the_status_shows_the_source_and_the_age_of_the_data(api: Api) -> None:
    status = (await api.get("status")).json()
    assert (status["source"], status["state"], status["channels"]) == ("simulated", "live", 3)
    assert status["age_s"] < 30
    assert (status["trust"], status["incidents"]) == ("trusted", [])


async def test_the_status_shows_how_much_of_the_hour_was_measured(api: Api) -> None:
    before = (await api.get("status")).json()
    assert (before["coverage_hour"], before["coverage_hour_measured_s"]) == (None, 0)
    at_ms = now_ms()
    for back_s in range(1_380, 0, -10):
        sample = HealthSnapshot(at_ms - back_s * 1000, at_ms - back_s * 1000, 0.75, 3)
        await sync_to_async(record_sample)(sample)
    status_cache.clear()
    status = (await api.get("status")).json()
    assert (status["coverage_hour"], status["coverage_hour_measured_s"]) == (0.75, 1_380)


async def test_boards_accept_the_filters_of_the_pages(api: Api, boards: Boards) -> None:
    boards.list_channel("3", "Gamma", category="Art")
    assert [r["name"] for r in (await api.get("boards/viewers?category=Art")).json()["rows"]] == ["Gamma"]
    assert [r["name"] for r in (await api.get("boards/viewers?band=1000")).json()["rows"]] == ["Alpha"]


async def test_head_responds_like_get_without_a_body(api: Api) -> None:
    response = await api.request("HEAD", "metrics")
    assert response.status_code == 200


async def test_a_blocked_live_channel_is_not_found(api: Api, boards: Boards) -> None:
    await Channel.objects.acreate(id="1", login="alpha", name="Alpha", blocked=True)
    boards.block("1")
    assert (await api.get("channels/1")).status_code == 404
    assert (await api.get("channels/1/live")).status_code == 404
    for query in ("", "?live=true"):
        channels = (await api.get(f"channels{query}")).json()["items"]
        assert "1" not in [channel["id"] for channel in channels]
