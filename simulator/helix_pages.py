"""Get Streams and Get Users of the simulated Helix: parse parameters and build response fields.

Source: dev.twitch.tv, "Twitch API Reference".
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.datastructures import QueryParams

from core.inputs.timestamps import iso_utc
from simulator.people import LURKER
from simulator.source import Channel, Source, Stream

MAX_PAGE = 100
DEFAULT_PAGE = 20
# Twitch responds from several caches. Two pages can differ in age by up to CACHE_AGES steps, so a stream whose rank
# changes may be on both pages or on neither.
CACHE_STEP_MS = 2_000
CACHE_AGES = 3
CACHED_LISTS = 2 * CACHE_AGES
Fields = dict[str, Any]


class Refusal(Exception):
    """An error response from Twitch."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """Parameters of Get Streams; `is_first_page` is true if the request has no cursor."""

    first: int
    is_first_page: bool
    offset: int
    ids: frozenset[str]
    logins: frozenset[str]
    games: frozenset[str]
    languages: frozenset[str]

    @property
    def names_channels(self) -> bool:
        """True if the request selects channels instead of listing the top streams."""
        return bool(self.ids or self.logins)

    def matches(self, stream: Stream) -> bool:
        """Return whether a stream matches the query."""
        channel = stream.channel
        is_named = not self.names_channels or channel.id in self.ids or channel.login in self.logins
        is_in_category = not self.games or stream.category_id in self.games
        return is_named and is_in_category and (not self.languages or stream.language in self.languages)


class Pages:
    """Builds the responses from one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lists: OrderedDict[int, Sequence[Stream]] = OrderedDict()

    @property
    def channels(self) -> Sequence[Channel]:
        """All channels, the largest first."""
        return self._source.channels

    def streams(self, query: StreamQuery, now_ms: int) -> Fields:
        """Return a page of Get Streams."""
        age = 0 if query.names_channels else (query.offset // MAX_PAGE + now_ms // CACHE_STEP_MS) % CACHE_AGES
        streams = [stream for stream in self._list(now_ms // CACHE_STEP_MS - age) if query.matches(stream)]
        end = query.offset + query.first
        return {
            "data": [_stream_fields(stream) for stream in streams[query.offset : end]],
            "pagination": {"cursor": cursor(end)} if end < len(streams) else {},
        }

    def users(self, query: QueryParams) -> Fields:
        """Return the response to Get Users. Raises: Refusal."""
        ids, logins = _listed(query, "id"), {login.lower() for login in _listed(query, "login")}
        if not 0 < len(ids) + len(logins) <= MAX_PAGE:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Between 1 and {MAX_PAGE} parameters `id` and `login` expected")
        users = (*self._source.channels, LURKER)
        return {"data": [_user_fields(c) for c in users if c.id in ids or c.login in logins]}

    def _list(self, step: int) -> Sequence[Stream]:
        """Return the streams at a cache step, cached because listing them is expensive."""
        if step not in self._lists:
            self._lists[step] = self._source.streams(step * CACHE_STEP_MS)
            if len(self._lists) > CACHED_LISTS:
                self._lists.popitem(last=False)
        return self._lists[step]


def parse_stream_query(query: QueryParams) -> StreamQuery:
    """Parse the parameters of Get Streams. Raises: Refusal."""
    if query.get("type", "all") not in ("all", "live"):
        raise Refusal(HTTPStatus.BAD_REQUEST, 'The parameter "type" was malformed: the value must be one of all, live')
    return StreamQuery(
        first=_page_size(query),
        is_first_page="after" not in query,
        offset=_offset(query.get("after", "")),
        ids=_listed(query, "user_id"),
        logins=frozenset(login.lower() for login in _listed(query, "user_login")),
        games=_listed(query, "game_id"),
        languages=_listed(query, "language"),
    )


def cursor(offset: int) -> str:
    """Return the cursor of the page that starts at `offset`."""
    return base64.urlsafe_b64encode(json.dumps({"offset": offset}).encode()).decode()


def _listed(query: QueryParams, name: str) -> frozenset[str]:
    values = query.getlist(name)
    if len(values) > MAX_PAGE:
        raise Refusal(HTTPStatus.BAD_REQUEST, f'The parameter "{name}" was given more than {MAX_PAGE} times')
    if any(not value for value in values):
        raise Refusal(HTTPStatus.BAD_REQUEST, f'The parameter "{name}" was malformed: the value must not be empty')
    return frozenset(values)


def _page_size(query: QueryParams) -> int:
    text = query.get("first", str(DEFAULT_PAGE))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_PAGE:
        limits = f"the value must be greater than or equal to 1 and less than or equal to {MAX_PAGE}"
        raise Refusal(HTTPStatus.BAD_REQUEST, f'The parameter "first" was malformed: {limits}')
    return int(text)


def _offset(text: str) -> int:
    if not text:
        return 0
    try:
        offset = json.loads(base64.urlsafe_b64decode(text.encode()))["offset"]
    except (ValueError, RecursionError, binascii.Error, KeyError, TypeError):
        offset = None
    if not isinstance(offset, int) or offset < 0:
        raise Refusal(HTTPStatus.BAD_REQUEST, 'The parameter "after" was malformed: unknown cursor')
    return offset


def _stream_fields(stream: Stream) -> Fields:
    login = stream.channel.login
    return {
        "id": stream.id,
        "user_id": stream.channel.id,
        "user_login": login,
        "user_name": stream.channel.name,
        "game_id": stream.category_id,
        "game_name": stream.category,
        "type": "live",
        "title": stream.title,
        "tags": list(stream.tags),
        "viewer_count": stream.viewers,
        "started_at": iso_utc(stream.started_ms),
        "language": stream.language,
        "thumbnail_url": f"https://thumbnails.invalid/{login}-{{width}}x{{height}}.jpg",
        "is_mature": False,
        # Deprecated by Twitch and always empty, but still required by its API description.
        "tag_ids": [],
    }


def _user_fields(channel: Channel) -> Mapping[str, Any]:
    return {
        "id": channel.id,
        "login": channel.login,
        "display_name": channel.name,
        "type": "",
        "broadcaster_type": "partner",
        "description": "A fictional channel on the simulated Twitch.",
        "profile_image_url": f"https://images.invalid/{channel.login}.png",
        "offline_image_url": "",
        "view_count": 0,
        "created_at": "2016-12-14T20:32:28Z",
    }
