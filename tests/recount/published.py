"""Readers of published figures: the API, pages, exports and both sockets. All of them return `Figure`s."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

METRICS = ("viewers", "messages", "spam", "chatters", "repetition", "engagement", "shared")
# Raw counts in exports.
COUNTS = ("count_messages", "count_words", "count_texts", "count_copies")
# The headings of CSV exports from pages, which are for spreadsheets; other exports contain the keys of the metrics.
HEADINGS = {
    "Window end": "end",
    "Coverage, share": "coverage",
    "Viewers": "viewers",
    "Messages": "messages",
    "Message length": "spam",
    "Chatters": "chatters",
    "Repetition": "repetition",
    "Messages per minute": "engagement",
    "Shared-chat messages": "shared",
    "Messages, count": "count_messages",
    "Words, count": "count_words",
    "Texts, count": "count_texts",
    "Copies, count": "count_copies",
}
# Values of windows that end every 5 s.
DISTINCT = ("chatters", "repetition", "count_texts")
# Channels per subscription.
CHANNELS_PER_SUBSCRIPTION = 50
# Page exports have two more decimal places than the pages.
EXPORT_DECIMALS = {"messages": 2, "spam": 4, "chatters": 2, "repetition": 2, "engagement": 3, "viewers": 2, "shared": 2}
TILES = {"average": re.compile(r'id="average"\s*>\s*([^<]*?)\s*<'), "peak": re.compile(r'id="peak"\s*>\s*([^<]*?)\s*<')}
COVERAGE_TILE = re.compile(r'id="coverage-range"\s*>\s*([^<]*?)\s*<')

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """The values of one window or range that ends at `end_ms`, as published on one surface.

    `kind` is live, minute, hour, day, average, peak or day peak. `slack` is the largest rounding error of the published
    number, by metric. `distinct_end_ms` is the end of the window of `chatters` and `repetition`.
    """

    surface: str
    kind: str
    channel_id: str
    end_ms: int
    values: Values
    coverage: float | None
    distinct_end_ms: int
    slack: Mapping[str, float]


def ms_of(text: str) -> int:
    """Return an ISO 8601 timestamp as ms since 1970; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def iso(at_ms: int) -> str:
    """Format ms since 1970 as ISO 8601."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Api:
    """The API, with a key that has all read scopes."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self._key = url, key
        self._client = httpx.Client(base_url=f"{url}/api/v1/", headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def get(self, path: str, **params: str | int) -> httpx.Response:
        """Return the response to a GET request. Raises: httpx.HTTPStatusError."""
        return self._client.get(path, params=params).raise_for_status()

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to a POST request. Raises: httpx.HTTPStatusError."""
        response: dict[str, Any] = self._client.post(path, json=body).raise_for_status().json()
        return response

    def channels(self) -> dict[str, str]:
        """Return the logins of the live channels by id."""
        logins: dict[str, str] = {}
        cursor: dict[str, str | int] = {}
        while True:
            page = self.get("channels", live="true", **cursor).json()
            logins |= {item["id"]: item["login"] for item in page["items"] if item["is_live"]}
            if page["next"] is None:
                return logins
            cursor = {"cursor": page["next"]}

    def live(self, channel_id: str) -> Figure:
        """Return a channel's current values."""
        response = self.get(f"channels/{channel_id}/live").json()
        distinct = response.get("distinct_end") or response["end"]
        return figure("API live", "live", channel_id, ms_of(response["end"]), response, ms_of(distinct))

    def board(self, metric: str) -> Iterator[Figure]:
        """Yield the rows of a board."""
        for row in self.get(f"boards/{metric}", n=100).json()["rows"]:
            values = {"values": {metric: row["value"]}, "coverage": row["coverage"]}
            yield figure("API board", "live", row["channel_id"], ms_of(row["end"]), values, ms_of(row["end"]))

    def series(self, channel_id: str, grain: str, from_ms: int, until_ms: int) -> dict[str, Any]:
        """Return the response with the windows of a range."""
        response: dict[str, Any] = self.get(f"channels/{channel_id}/series", **span(grain, from_ms, until_ms)).json()
        return response

    def table(self, form: str, channel_id: str, grain: str, from_ms: int, until_ms: int) -> list[Figure]:
        """Return the windows of a range from CSV or NDJSON."""
        text = self.get(f"channels/{channel_id}/series.{form}", **span(grain, from_ms, until_ms)).text
        return list(figures_in(f"API {form}", grain, channel_id, text, form, {}))

    def rows(self, channel_id: str, grain: str, from_ms: int, until_ms: int) -> list[dict[str, str]]:
        """Return the windows of a range with their raw counts, as rows of CSV."""
        text = self.get(f"channels/{channel_id}/series.csv", **span(grain, from_ms, until_ms)).text
        return list(_csv_rows(text))

    def socket(self) -> ClientConnection:
        """Open the API's socket."""
        url = f"{self.url.replace('http', 'ws')}/api/v1/socket"
        return connect(url, additional_headers={"Authorization": f"Bearer {self._key}"}, max_size=None)


class Pages:
    """The pages of an instance with a public board."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=30, follow_redirects=True)

    def series(self, channel_id: str, metric: str, from_ms: int, until_ms: int) -> dict[str, Any]:
        """Return the data of a chart on the page."""
        query = {"metric": metric, "from": iso(from_ms), "until": iso(until_ms)}
        response: dict[str, Any] = (
            self._client.get(f"/channels/{channel_id}/series", params=query).raise_for_status().json()
        )
        return response

    def file(self, form: str, channel_id: str, grain: str, from_ms: int, until_ms: int) -> list[Figure]:
        """Return the windows of a range from one of the page's exports."""
        query = {"grain": grain, "from": iso(from_ms), "until": iso(until_ms)}
        text = self._client.get(f"/channels/{channel_id}/windows.{form}", params=query).raise_for_status().text
        slack = {metric: 0.5 * 10**-digits for metric, digits in EXPORT_DECIMALS.items()}
        return list(figures_in(f"page {form}", grain, channel_id, text, form, slack))

    def discover(self, days: str) -> list[dict[str, str]]:
        """Return the rows of the Discover export for a number of past days, such as 7d."""
        return list(_csv_rows(self._client.get("/discover.csv", params={"range": days}).raise_for_status().text))

    def tiles(self, channel_id: str, metric: str, from_ms: int, until_ms: int) -> tuple[list[Figure], str]:
        """Return the average and the peak of a metric as shown on the page, and the coverage."""
        query = {"channel": channel_id, "board": metric, "from": iso(from_ms), "until": iso(until_ms)}
        text = self._client.get("/", params=query).raise_for_status().text
        texts = {kind: html.unescape(tile[1]) for kind, tile in _matches(text)}
        figures = [tile_figure(kind, channel_id, metric, until_ms, number) for kind, number in texts.items()]
        coverage = COVERAGE_TILE.search(text)
        return figures, html.unescape(coverage[1]) if coverage else ""

    def socket(self) -> ClientConnection:
        """Open the socket of the pages."""
        return connect(f"{self.url.replace('http', 'ws')}/live", origin=Origin(self.url), max_size=None)


class Frames(threading.Thread):
    """Collects the channel figures that a socket pushes until `end`."""

    def __init__(self, surface: str, socket: ClientConnection, channel_ids: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.figures: dict[tuple[str, int, int], Figure] = {}
        self.failure: str = ""
        self.surface, self._socket = surface, socket
        for at in range(0, len(channel_ids), CHANNELS_PER_SUBSCRIPTION):
            selection = {"channels": list(channel_ids[at : at + CHANNELS_PER_SUBSCRIPTION])}
            socket.send(json.dumps({"type": "subscribe", "id": f"c{at}", "kind": "channels", **selection}))
        self.start()

    def end(self) -> list[Figure]:
        """Close the socket and return its figures."""
        self._socket.close()
        self.join(10)
        return list(self.figures.values())

    def run(self) -> None:
        """Read frames until the socket is closed."""
        try:
            for text in self._socket:
                self._take(json.loads(text))
        except ConnectionClosedOK:
            return

    def _take(self, frame: Mapping[str, Any]) -> None:
        if frame["type"] == "error":
            self.failure = str(frame["reason"])
        for channel_id, fields in frame.get("channels", {}).items():
            if fields["end_ms"] is not None:
                distinct = fields.get("distinct_end_ms") or fields["end_ms"]
                received = figure(self.surface, "live", channel_id, fields["end_ms"], fields, distinct)
                self.figures[channel_id, received.end_ms, distinct] = received


def figure(
    surface: str, kind: str, channel_id: str, end_ms: int, response: Mapping[str, Any], distinct_end_ms: int
) -> Figure:
    """Return the figure in a response that has `values` and `coverage`."""
    values = {metric: response["values"].get(metric) for metric in METRICS if metric in response["values"]}
    return Figure(surface, kind, channel_id, end_ms, values, response["coverage"], distinct_end_ms, {})


def figures_of(surface: str, kind: str, channel_id: str, columns: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the windows of a response in columns: `end` in ms, `coverage`, and `values` by metric."""
    for at, end_ms in enumerate(columns["end"]):
        values = {metric: column[at] for metric, column in columns["values"].items() if metric in METRICS}
        yield Figure(surface, kind, channel_id, end_ms, values, columns["coverage"][at], end_ms, {})


def figures_in(
    surface: str, grain: str, channel_id: str, text: str, form: str, slack: Mapping[str, float]
) -> Iterator[Figure]:
    """Yield the windows in an export."""
    for row in _csv_rows(text) if form == "csv" else _ndjson_rows(text):
        names = [name for name in (*METRICS, *COUNTS) if name in row or form == "ndjson"]
        values = {name: _number(row.get(name)) for name in names}
        end_ms = ms_of(str(row["end"]))
        yield Figure(surface, grain, channel_id, end_ms, values, _number(row.get("coverage")), end_ms, slack)


def tile_figure(kind: str, channel_id: str, metric: str, until_ms: int, written: str) -> Figure:
    """Return the figure for a number shown on a page, with the slack for its rounding."""
    number = _number(re.sub(r"[^0-9.\-]", "", written.replace("–", "")))
    slack = {metric: 0.5 * 10 ** -len(written.partition(".")[2])}
    return Figure("page tile", kind, channel_id, until_ms, {metric: number}, None, until_ms, slack)


def span(grain: str, from_ms: int, until_ms: int) -> dict[str, str]:
    """Return the query parameters of a range."""
    return {"from": iso(from_ms), "to": iso(until_ms), "grain": grain, "metrics": ",".join(METRICS)}


def _matches(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for kind, pattern in TILES.items():
        if (match := pattern.search(text)) is not None:
            yield kind, match


def _csv_rows(text: str) -> Iterator[dict[str, str]]:
    head, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    names = [name.partition(" (")[0] for name in head]
    return (dict(zip([HEADINGS.get(name, name) for name in names], row, strict=True)) for row in rows)


def _ndjson_rows(text: str) -> Iterator[dict[str, Any]]:
    return (row for line in text.splitlines() if "schema" not in (row := json.loads(line)))


def _number(value: str | float | None) -> float | None:
    return None if value is None or value == "" else float(value)
