"""Live values for several channels at once, as JSON, CSV and NDJSON; the event stream remains the default."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.api.models import Plan
from apps.api.scopes import Scope
from apps.channels.models import Channel
from core.metrics.ranking import GONE_AFTER_MS
from core.metrics.table import METRICS
from tests.api.conftest import Api, new_key
from tests.api.test_live import Events
from tests.dashboard.conftest import Boards

JSON = {"Accept": "application/json"}


async def stored_channel() -> None:
    """Store a channel without live values and a blocked channel."""
    await Channel.objects.acreate(id="77", login="off", name="Off")
    await Channel.objects.acreate(id="78", login="blocked", name="Blocked", blocked=True)


def time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


async def errors(api: Api, query: str, **options: Any) -> dict[str, str]:
    response = await api.get(f"live?{query}", **options)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
    return {error["field"]: error["reason"] for error in response.json()["errors"]}


async def test_items_equal_single_channel_responses_and_are_in_request_order(api: Api) -> None:
    await stored_channel()
    response = await api.get("live?channels=77,2,1,2", headers=JSON)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, max-age=1"
    items = response.json()["items"]
    assert items == [(await api.get(f"channels/{i}/live")).json() for i in ("77", "2", "1")]
    assert [(item["channel_id"], item["state"]) for item in items] == [("77", "absent"), ("2", "live"), ("1", "live")]
    assert items[1]["values"]["viewers"] == 12_418
    assert (await api.get("live?channels=77,2,1&format=json")).json() == response.json()
    # Generated clients send default values.
    assert (await api.get("live.json?channels=77,2,1&n=10&table=false")).json() == response.json()


async def test_a_channel_without_recent_windows_has_no_values(api: Api, boards: Boards) -> None:
    boards.write_viewers({"5": 70}, behind_ms=GONE_AFTER_MS + 1_000)
    reason = "No channel has the ID 5."
    assert await errors(api, "channels=1,5", headers=JSON) == {"channels": reason}
    await Channel.objects.acreate(id="5", login="epsilon")
    (item,) = (await api.get("live.json?channels=5")).json()["items"]
    assert (item["state"], item["end"], item["values"]) == ("absent", None, {})


async def test_requests_in_the_same_second_get_the_same_values(api: Api, boards: Boards) -> None:
    first = (await api.get("live.json?channels=1,2")).json()
    boards.write_viewers({"1": 5})
    assert (await api.get("live.json?channels=1,2")).json() == first


async def test_tables_contain_the_values_of_the_json_response(api: Api) -> None:
    await stored_channel()
    items = (await api.get("live.json?channels=2,77")).json()["items"]
    head, *rows = map(json.loads, (await api.get("live.ndjson?channels=2,77")).text.splitlines())
    assert head["schema"]["viewers"] == "viewers"
    for item, row in zip(items, rows, strict=True):
        names = ("channel_id", "state", "coverage", "distinct_coverage")
        assert {name: row.get(name) for name in names} == {name: item[name] for name in names}
        for name in ("end", "distinct_end", "newest_end"):
            assert time_of(row.get(name)) == time_of(item[name])
        values = {metric.key: row[metric.key] for metric in METRICS if metric.key in row and metric.key != "coverage"}
        assert values == {key: value for key, value in item["values"].items() if key != "coverage"}
    text = (await api.get("live?channels=2,77", headers={"Accept": "text/csv"})).text.removeprefix("\ufeff")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["channel_id"] for row in table] == ["2", "77"]
    assert [float(row["viewers (viewers)"] or "nan") for row in table][:1] == [12_418]
    assert table[1]["viewers (viewers)"] == table[1]["end (UTC)"] == ""


@pytest.mark.parametrize("accept", ["", "*/*", "text/event-stream", "application/json;q=0.5, text/event-stream"])
async def test_the_event_stream_is_the_default(api: Api, accept: str) -> None:
    events = Events(api.secret, "channels=1", accept=accept)
    await events.open()
    assert (events.status, events.content_type) == (200, "text/event-stream")
    assert json.loads((await events.next())["data"])["type"] == "snapshot"
    await events.close()


async def test_values_need_no_live_connection_lease(api: Api) -> None:
    await Plan.objects.aupdate_or_create(is_default=True, defaults={"name": "None", "streams": 0})
    assert (await api.get("live?boards=viewers")).status_code == 429
    assert (await api.get("live.json?channels=1")).status_code == 200


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("channels=1&boards=viewers", ["boards"]),
        ("channels=1&table=true", ["table"]),
        ("channels=1&category=Chess&language=en", ["category", "language"]),
        ("boards=viewers&table=true", ["boards", "table"]),
    ],
)
async def test_event_stream_parameters_are_rejected(api: Api, query: str, fields: list[str]) -> None:
    reason = "Only the event stream accepts this parameter. Omit it, or request text/event-stream."
    assert await errors(api, query, headers=JSON) == dict.fromkeys(fields, reason)


@pytest.mark.parametrize(
    ("channels", "reason"),
    [
        ("1,99", "No channel has the ID 99."),
        ("78,1", "No channel has the ID 78."),
        ("x", 'Channel "x" is not an ID: send a string of up to 20 digits.'),
        (",".join(map(str, range(1, 52))), "Send 1 to 50 channels, as a list of IDs."),
    ],
)
async def test_invalid_and_unknown_channels_are_named(api: Api, channels: str, reason: str) -> None:
    await stored_channel()
    assert await errors(api, f"channels={channels}", headers=JSON) == {"channels": reason}


async def test_channels_are_required(api: Api) -> None:
    for path in ("", "format=json"):
        assert await errors(api, path, headers=JSON) == {"channels": "Send 1 to 50 channel IDs."}


async def test_values_need_the_scope_of_the_event_stream(api: Api) -> None:
    _, secret = await sync_to_async(new_key)(scopes=[Scope.READ_BOARDS])
    assert (await Api(secret).get("live.json?channels=1")).status_code == 403
    assert (await Api().get("live.json?channels=1")).status_code == 401
