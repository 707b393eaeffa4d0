"""A channel of the channel list and its stream."""

from __future__ import annotations

from dataclasses import dataclass

# Strings from Twitch are cleaned and truncated to these lengths by core.inputs.readable_text.one_line; so are the
# strings that they are compared with.
NAME_MAX = 64
CATEGORY_MAX = 200
LANGUAGE_MAX = 16
TITLE_MAX = 500


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
