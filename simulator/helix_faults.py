"""What the faults do to the simulated Helix's answers; each way of being wrong takes its turn.

Source: docs/twitch.md, "Helix": "a cursor can lead to an empty page or back to page one", "pages can be short (50 of
100) with a cursor that leads on, or to nothing; a cursor can be refused with 400 in mid-walk".
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
from simulator.helix_pages import MAX_PAGE, Fields, Pages, Refusal, Wanted, cursor
from simulator.helix_rows import of_earlier_broadcasts, with_bad_starts, without

HANG_STEP_S = 0.05
RESET_WITHIN_MS = 60_000
FAILURES = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
Clock = Callable[[], int]
Answer = Callable[[], Fields]


class HelixFaults:
    """The faults of Helix among `faults`, by the clock."""

    def __init__(self, faults: Faults, now_ms: Clock) -> None:
        self._faults = faults
        self._now_ms = now_ms
        self._revoked = ""
        self._failures = count()
        self._listings = -1
        self._short_listings = -1
        self._old_listings = -1
        self._malformed = count()

    async def hang(self) -> None:
        """Return when no fault keeps the answer back."""
        while self._active("hang"):  # noqa: ASYNC110 - the clock is passed in, no event tells
            await asyncio.sleep(HANG_STEP_S)

    def fail(self) -> None:
        """Raise Refusal where the server has failed."""
        if self._active("server_error"):
            raise Refusal(FAILURES[next(self._failures) % len(FAILURES)], "")

    def revokes(self) -> bool:
        """Return whether every token given so far is void: once for each fault."""
        fault = self._active("token_revoked")
        if fault is None or fault.id == self._revoked:
            return False
        self._revoked = fault.id
        return True

    def limited_until_ms(self) -> int | None:
        """Return when the bucket is full again, if a fault says that it is empty."""
        fault = self._active("rate_limited")
        return min(fault.until_ms, self._now_ms() + RESET_WITHIN_MS) if fault else None

    def page(self, pages: Pages, wanted: Wanted) -> Fields:
        """Return a page of streams as the faults of pages and of rows leave it. Raises: Refusal."""
        fields = self._chosen_or_listed(pages, wanted)
        ids = [channel.id for channel in pages.channels]
        rows = fields["data"]
        if fault := self._active("bad_starts"):
            rows = with_bad_starts(rows, ids[: fault.channels or None])
        if fault := self._active("absent"):
            rows = without(rows, ids[: fault.channels or None])
        if fault := self._active("old_answers"):
            self._old_listings += wanted.begins and not wanted.chosen
            if self._old_listings % 2 == 0:
                rows = of_earlier_broadcasts(rows, ids[: fault.channels or None])
        return {**fields, "data": rows}

    def _chosen_or_listed(self, pages: Pages, wanted: Wanted) -> Fields:
        """Return a page; a listing from page one on is bad in one way."""
        now_ms = self._now_ms()
        if wanted.chosen:
            return pages.streams(wanted, now_ms)
        if self._active("cursor_refused"):
            if not wanted.begins:
                raise Refusal(HTTPStatus.BAD_REQUEST, "invalid cursor")
            return pages.streams(_half(wanted), now_ms)
        if self._active("short_pages"):
            self._short_listings += wanted.begins
            leads_on = self._short_listings % 2 == 1
            return pages.streams(_half(wanted), now_ms) if wanted.begins or leads_on else _empty(pages, wanted, now_ms)
        if not self._active("bad_paging"):
            return pages.streams(wanted, now_ms)
        self._listings += wanted.begins
        if wanted.offset == 0:
            return pages.streams(wanted, now_ms)
        way = (_looping, _empty, _shifted)[self._listings % 3]
        return way(pages, wanted, now_ms)

    def spoil(self, response: JSONResponse) -> Response:
        """Return a good answer as it is sent: malformed under that fault."""
        if not self._active("malformed"):
            return response
        spoiled = (_cut, _other_shape, _web_page, _nulls)[next(self._malformed) % 4](bytes(response.body))
        spoiled.headers.update({name: value for name, value in response.headers.items() if name.startswith("rate")})
        return spoiled

    def _active(self, kind: str) -> Fault | None:
        return self._faults.active(kind, self._now_ms())


def _half(wanted: Wanted) -> Wanted:
    """Ask for half as many rows: the cursor then leads to where they end."""
    return replace(wanted, first=max(1, wanted.first // 2))


def _looping(pages: Pages, wanted: Wanted, now_ms: int) -> Fields:
    """A page whose cursor leads back to page one."""
    return pages.streams(wanted, now_ms) | {"pagination": {"cursor": cursor(0)}}


def _empty(pages: Pages, wanted: Wanted, now_ms: int) -> Fields:  # noqa: ARG001 - as the other ways
    """A page of nothing, and a cursor that promises more."""
    return {"data": [], "pagination": {"cursor": cursor(wanted.offset + wanted.first)}}


def _shifted(pages: Pages, wanted: Wanted, now_ms: int) -> Fields:
    """A page that repeats half of the one before, and of which a few streams are missing."""
    page = pages.streams(replace(wanted, offset=max(0, wanted.offset - wanted.first // 2)), now_ms)
    further = cursor(wanted.offset + wanted.first)
    missing = [row for place, row in enumerate(page["data"]) if place % 10 != 9]
    return {"data": missing, "pagination": page["pagination"] and {"cursor": further}}


def _cut(body: bytes) -> Response:
    return Response(body[: len(body) // 2], media_type="application/json")


def _other_shape(body: bytes) -> Response:
    return JSONResponse({"data": {"streams": len(body)}, "pagination": []})


def _web_page(body: bytes) -> Response:  # noqa: ARG001 - as the other ways
    return HTMLResponse("<!doctype html><title>Twitch</title><h1>We will be right back</h1>")


def _nulls(body: bytes) -> Response:
    """Rows of the wrong types between good ones."""
    fields: dict[str, Any] = json.loads(body)
    wrong = {"id": None, "user_id": 7, "user_login": None, "viewer_count": "many", "title": ["x"], "started_at": None}
    rows = [{**row, **wrong} if place % 2 else row for place, row in enumerate(fields["data"])]
    return JSONResponse(fields | {"data": [None, 5, "row", *rows[: MAX_PAGE - 3]]})
