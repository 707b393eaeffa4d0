"""Effect of Helix faults on the simulated Helix's responses; the variants of a fault alternate.

Source: behavior observed on Twitch. A cursor can lead to an empty page or back to page one, or be rejected with status
400 before the last page; pages can be short.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import count
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from simulator.faults import Fault, Faults
from simulator.helix_pages import MAX_PAGE, Fields, Pages, Refusal, StreamQuery, cursor
from simulator.helix_rows import with_bad_starts, with_earlier_broadcasts, with_new_texts, without

HANG_STEP_S = 0.05
RESET_WITHIN_MS = 60_000
FAILURES = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
Clock = Callable[[], int]
Answer = Callable[[], Fields]


class HelixFaults:
    """Applies the active Helix faults among `faults`."""

    def __init__(self, faults: Faults, now_ms: Clock) -> None:
        self._faults = faults
        self._now_ms = now_ms
        self._revoked = ""
        self._failures = count()
        self._listings = -1
        self._short_listings = -1
        self._old_listings = -1
        self._text_listings = -1
        self._malformed = count()

    async def hang(self) -> None:
        """Wait until no fault delays responses."""
        while self._active("hang"):  # noqa: ASYNC110 - the clock is passed in, so there is no event to await
            await asyncio.sleep(HANG_STEP_S)

    def fail(self) -> None:
        """Raise Refusal while a server error is simulated."""
        if self._active("server_error"):
            raise Refusal(FAILURES[next(self._failures) % len(FAILURES)], "")

    def revokes(self) -> bool:
        """Return True once per fault that revokes all issued tokens."""
        fault = self._active("token_revoked")
        if fault is None or fault.id == self._revoked:
            return False
        self._revoked = fault.id
        return True

    def limited_until_ms(self) -> int | None:
        """Return when the bucket is refilled, or None if no fault empties it."""
        fault = self._active("rate_limited")
        return min(fault.until_ms, self._now_ms() + RESET_WITHIN_MS) if fault else None

    def page(self, pages: Pages, query: StreamQuery) -> Fields:
        """Return a page of streams with pagination and row faults applied. Raises: Refusal."""
        fields = self._page_of_streams(pages, query)
        ids = [channel.id for channel in pages.channels]
        rows = fields["data"]
        if fault := self._active("bad_starts"):
            rows = with_bad_starts(rows, ids[: fault.channels or None])
        if fault := self._active("absent"):
            rows = without(rows, ids[: fault.channels or None])
        if fault := self._active("old_answers"):
            self._old_listings += query.is_first_page and not query.names_channels
            if self._old_listings % 2 == 0:
                rows = with_earlier_broadcasts(rows, ids[: fault.channels or None])
        if fault := self._active("old_texts"):
            # Titles change when the fault begins; every second listing still contains the old ones.
            self._text_listings += query.is_first_page and not query.names_channels
            if self._text_listings % 2 == 0:
                rows = with_new_texts(rows, ids[: fault.channels or None])
        return {**fields, "data": rows}

    def _page_of_streams(self, pages: Pages, query: StreamQuery) -> Fields:
        """Return a page with the active pagination faults; all pages of one listing use the same variant."""
        now_ms = self._now_ms()
        if query.names_channels:
            return pages.streams(query, now_ms)
        if self._active("cursor_refused"):
            if not query.is_first_page:
                raise Refusal(HTTPStatus.BAD_REQUEST, "invalid cursor")
            return pages.streams(_half(query), now_ms)
        if self._active("short_pages"):
            self._short_listings += query.is_first_page
            has_next = self._short_listings % 2 == 1
            return (
                pages.streams(_half(query), now_ms) if query.is_first_page or has_next else _empty(pages, query, now_ms)
            )
        if not self._active("bad_paging"):
            return pages.streams(query, now_ms)
        self._listings += query.is_first_page
        if query.offset == 0:
            return pages.streams(query, now_ms)
        variant = (_looping, _empty, _shifted)[self._listings % 3]
        return variant(pages, query, now_ms)

    def corrupt(self, response: JSONResponse) -> Response:
        """Return the response, corrupted while the `malformed` fault is active."""
        if not self._active("malformed"):
            return response
        corrupted = (_cut, _other_shape, _web_page, _nulls)[next(self._malformed) % 4](bytes(response.body))
        corrupted.headers.update({name: value for name, value in response.headers.items() if name.startswith("rate")})
        return corrupted

    def _active(self, kind: str) -> Fault | None:
        return self._faults.active(kind, self._now_ms())


def _half(query: StreamQuery) -> StreamQuery:
    """Halve the page size; the cursor leads to the end of the shorter page."""
    return replace(query, first=max(1, query.first // 2))


def _looping(pages: Pages, query: StreamQuery, now_ms: int) -> Fields:
    """Return a page whose cursor leads back to page one."""
    return pages.streams(query, now_ms) | {"pagination": {"cursor": cursor(0)}}


def _empty(pages: Pages, query: StreamQuery, now_ms: int) -> Fields:  # noqa: ARG001 - common signature of the variants
    """Return an empty page with a cursor."""
    return {"data": [], "pagination": {"cursor": cursor(query.offset + query.first)}}


def _shifted(pages: Pages, query: StreamQuery, now_ms: int) -> Fields:
    """Return a page that repeats half of the previous one and lacks a few streams."""
    page = pages.streams(replace(query, offset=max(0, query.offset - query.first // 2)), now_ms)
    further = cursor(query.offset + query.first)
    missing = [row for index, row in enumerate(page["data"]) if index % 10 != 9]
    return {"data": missing, "pagination": page["pagination"] and {"cursor": further}}


def _cut(body: bytes) -> Response:
    return Response(body[: len(body) // 2], media_type="application/json")


def _other_shape(body: bytes) -> Response:
    return JSONResponse({"data": {"streams": len(body)}, "pagination": []})


def _web_page(body: bytes) -> Response:  # noqa: ARG001 - common signature of the variants
    return HTMLResponse("<!doctype html><title>Twitch</title><h1>We will be right back</h1>")


def _nulls(body: bytes) -> Response:
    """Insert rows with wrong types among valid ones."""
    fields: dict[str, Any] = json.loads(body)
    invalid = {"id": None, "user_id": 7, "user_login": None, "viewer_count": "many", "title": ["x"], "started_at": None}
    rows = [{**row, **invalid} if index % 2 else row for index, row in enumerate(fields["data"])]
    return JSONResponse(fields | {"data": [None, 5, "row", *rows[: MAX_PAGE - 3]]})
