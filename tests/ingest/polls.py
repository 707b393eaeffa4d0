"""Sequences of Helix polls, each applied to the rows left by the previous poll."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from apps.channels.models import Channel
from apps.ingest.list_refresh import Limits, ListUpdate, update_list
from apps.ingest.stale_responses import Poll, discard_stale_responses
from core.channels.selection import Curation
from core.channels.stream import Stream
from core.irc.channel_events import STREAM_START

T0 = 1_795_400_000_000
T0_ISO = "2026-11-23T02:13:20Z"
LATER_ISO = "2026-11-23T02:23:20Z"
LATER = T0 + 600_000
MINUTE = 60_000
ADA = Stream("7", "ada", "Ada", 900, "Chess", "en", "a title", T0_ISO)
BOB = Stream("8", "bob", "Bob", 50, "Go", "en", "another", T0_ISO)


class Table:
    """The rows and events written by a sequence of refreshes.

    Most tests begin with broadcasts that started at T0. Their starts are in `first_starts` and their categories in
    `first_categories`, instead of in `events`.
    """

    def __init__(self, count: int = 5, curation: Curation | None = None) -> None:
        self.rows: dict[str, Channel] = {}
        self.limits = Limits(count, 10 * MINUTE)
        self.curation = curation or Curation()
        self.events: list[dict[str, Any]] = []
        self._starting: str | None = None
        self.first_starts: list[dict[str, Any]] = []
        self.first_categories: list[dict[str, Any]] = []

    def known(self, live: Collection[str]) -> dict[str, Channel]:
        pinned = self.curation.pinned
        return {row.id: row for row in self.rows.values() if row.is_wanted or row.id in pinned or row.id in live}

    def poll(self, at_ms: int, *streams: Stream, is_kafka_down: bool = False) -> ListUpdate:
        live = {stream.id: stream for stream in streams}
        known = self.known(live)
        update = update_list(known, discard_stale_responses(known, Poll(at_ms, live)), self.curation, self.limits)
        if is_kafka_down:
            undelivered = {record["channel_id"] for record in update.records}
        else:
            undelivered = set()
            self._starting = None
            for record in update.records:
                self._record(record)
        self.rows |= {row.id: row for row in update.rows if row.id not in undelivered}
        return update

    def _record(self, record: dict[str, Any]) -> None:
        if (record["kind"], record["at_ms"]) == (STREAM_START, T0):
            self.first_starts.append(record)
            self._starting = record["channel_id"]
        elif record["kind"] == "category" and record["channel_id"] == self._starting:
            self.first_categories.append(record)
            self._starting = None
        else:
            self.events.append(record)

    def kinds(self) -> list[tuple[str, int]]:
        return [(record["kind"], record["at_ms"]) for record in self.events]
