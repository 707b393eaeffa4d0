"""A channel of the channel list and its stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stream:
    """A listed channel and its stream as last reported by Helix. `started_at` is ISO 8601 in UTC.

    An offline channel, which stays listed for a while or is pinned, has `live` False and no viewers.
    """

    id: str
    login: str
    name: str
    viewers: int | None
    category: str
    language: str
    title: str
    started_at: str
    live: bool = True
