"""API key scopes."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """A permission of a key."""

    READ_BOARDS = "read:boards"
    READ_SERIES = "read:series"
    READ_EVENTS = "read:events"
    LIVE = "live"
    WRITE_WATCHLISTS = "write:watchlists"


SCOPE_DESCRIPTIONS: dict[Scope, str] = {
    Scope.READ_BOARDS: "Boards, channels with their live values, metrics, status, your watchlists and segments",
    Scope.READ_SERIES: "A channel's history, and summaries of its streams",
    Scope.READ_EVENTS: "Events of a channel",
    Scope.LIVE: "Live values, pushed every second",
    Scope.WRITE_WATCHLISTS: "Create, update and delete your watchlists",
}
