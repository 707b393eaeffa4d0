"""Get Streams and Get Users as pages of the simulated Helix: parameters in, the answer's fields out.

Source: docs/twitch.md, "Helix"; dev.twitch.tv, "Twitch API Reference".
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

from core.inputs.moments import utc
from simulator.source import Channel, Source, Stream

MAX_PAGE = 100
DEFAULT_PAGE = 20
# Twitch answers from several caches. None is older than this, but two pages can differ by as much, so that a
# stream whose rank moves is on both or on neither.
CACHE_STEP_MS = 2_000
CACHE_AGES = 3
KEPT_LISTS = 2 * CACHE_AGES
Fields = dict[str, Any]


class Refusal(Exception):
    """A request that Twitch would answer with an error body."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request for streams asks for; `begins` is whether it has no cursor, as a new listing."""

    first: int
    begins: bool
    offset: int
    ids: frozenset[str]
    logins: frozenset[str]
    games: frozenset[str]
    languages: frozenset[str]

    @property
    def chosen(self) -> bool:
        """Whether the request names channels, so that the answer is no page of the top."""
        return bool(self.ids or self.logins)

    def has(self, stream: Stream) -> bool:
        """Return whether a stream is asked for."""
        channel = stream.channel
        named = not self.chosen or channel.id in self.ids or channel.login in self.logins
        liked = not self.games or stream.category_id in self.games
        return named and liked and (not self.languages or stream.language in self.languages)


class Pages:
    """The answers about one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lists: OrderedDict[int, Sequence[Stream]] = OrderedDict()

    @property
    def channels(self) -> Sequence[Channel]:
        """Every channel, the biggest first."""
        return self._source.channels

    def streams(self, wanted: Wanted, now_ms: int) -> Fields:
        """Return a page of Get Streams."""
        age = 0 if wanted.chosen else (wanted.offset // MAX_PAGE + now_ms // CACHE_STEP_MS) % CACHE_AGES
        streams = [stream for stream in self._list(now_ms // CACHE_STEP_MS - age) if wanted.has(stream)]
        end = wanted.offset + wanted.first
        return {
            "data": [_stream_fields(stream) for stream in streams[wanted.offset : end]],
            "pagination": {"cursor": cursor(end)} if end < len(streams) else {},
        }

    def users(self, query: QueryParams) -> Fields:
        """Return the answer of Get Users. Raises: Refusal."""
        ids, logins = _listed(query, "id"), {login.lower() for login in _listed(query, "login")}
        if not 0 < len(ids) + len(logins) <= MAX_PAGE:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Between 1 and {MAX_PAGE} parameters id and login are expected")
        channels = self._source.channels
        return {"data": [_user_fields(c) for c in channels if c.id in ids or c.login in logins]}

    def _list(self, step: int) -> Sequence[Stream]:
        """Return the streams as they were at one of the caches' moments; to list them all is dear."""
        if step not in self._lists:
            self._lists[step] = self._source.streams(step * CACHE_STEP_MS)
            if len(self._lists) > KEPT_LISTS:
                self._lists.popitem(last=False)
        return self._lists[step]


def wanted_streams(query: QueryParams) -> Wanted:
    """Return what the parameters of Get Streams ask for. Raises: Refusal."""
    if query.get("type", "all") not in ("all", "live"):
        raise Refusal(HTTPStatus.BAD_REQUEST, 'The parameter "type" was malformed: the value must be one of all, live')
    return Wanted(
        first=_page_size(query),
        begins="after" not in query,
        offset=_offset(query.get("after", "")),
        ids=_listed(query, "user_id"),
        logins=frozenset(login.lower() for login in _listed(query, "user_login")),
        games=_listed(query, "game_id"),
        languages=_listed(query, "language"),
    )


def cursor(offset: int) -> str:
    """Return the cursor of the page that begins at `offset`."""
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
        raise Refusal(HTTPStatus.BAD_REQUEST, 'The parameter "after" was malformed: not a cursor of ours')
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
        "started_at": utc(stream.started_ms),
        "language": stream.language,
        "thumbnail_url": f"https://thumbnails.invalid/{login}-{{width}}x{{height}}.jpg",
        "is_mature": False,
        # Left over on Twitch, always empty; its description still requires it.
        "tag_ids": [],
    }


def _user_fields(channel: Channel) -> Mapping[str, Any]:
    return {
        "id": channel.id,
        "login": channel.login,
        "display_name": channel.name,
        "type": "",
        "broadcaster_type": "partner",
        "description": "An invented channel of the simulated Twitch.",
        "profile_image_url": f"https://images.invalid/{channel.login}.png",
        "offline_image_url": "",
        "view_count": 0,
        "created_at": "2016-12-14T20:32:28Z",
    }
