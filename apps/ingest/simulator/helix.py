"""The simulated Helix: token, streams and users over HTTP, with Twitch's answers to what it refuses.

Source: docs/twitch.md, "Helix"; dev.twitch.tv, "Twitch API Reference".
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from apps.ingest.simulator.source import Channel, Source, Stream

POINTS_PER_MINUTE = 800
MINUTE_MS = 60_000
TOKEN_LIFE_S = 5_000_000
MAX_PAGE = 100
Clock = Callable[[], int]


class Refusal(Exception):
    """A request that Twitch would answer with an error body."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Bucket:
    """The points of one client id: 800 a minute, one a request."""

    def __init__(self) -> None:
        self.remaining = POINTS_PER_MINUTE
        self.reset_ms = 0

    def take(self, now_ms: int) -> bool:
        """Take a point; False when none is left until `reset_ms`."""
        if now_ms >= self.reset_ms:
            self.remaining, self.reset_ms = POINTS_PER_MINUTE, now_ms + MINUTE_MS
        if self.remaining == 0:
            return False
        self.remaining -= 1
        return True

    def headers(self) -> dict[str, str]:
        """Return the bucket as Twitch's headers; the reset is in seconds since the epoch."""
        return {
            "Ratelimit-Limit": str(POINTS_PER_MINUTE),
            "Ratelimit-Remaining": str(self.remaining),
            "Ratelimit-Reset": str(math.ceil(self.reset_ms / 1000)),
        }


class Helix:
    """The handlers, with the tokens they gave out and the points they took."""

    def __init__(self, source: Source, now_ms: Clock) -> None:
        self._source = source
        self._now_ms = now_ms
        self._client_of_token: dict[str, str] = {}
        self._buckets: dict[str, Bucket] = {}

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/oauth2/token", self._token, methods=["POST"]),
                Route("/helix/streams", self._metered(self._streams)),
                Route("/helix/users", self._metered(self._users)),
            ]
        )

    async def _token(self, request: Request) -> JSONResponse:
        body = parse_qs((await request.body()).decode("utf-8", "replace"))
        fields = {name: values[-1] for name, values in body.items()} | dict(request.query_params)
        for name in ("client_id", "client_secret", "grant_type"):
            if not fields.get(name):
                return JSONResponse({"status": 400, "message": f"missing {name.replace('_', ' ')}"}, 400)
        if fields["grant_type"] != "client_credentials":
            return JSONResponse({"status": 400, "message": "invalid grant type"}, 400)
        token = secrets.token_hex(15)
        self._client_of_token[token] = fields["client_id"]
        return JSONResponse({"access_token": token, "expires_in": TOKEN_LIFE_S, "token_type": "bearer"})

    def _metered(self, answer: Callable[[QueryParams], dict[str, Any]]) -> Callable[[Request], Any]:
        async def handle(request: Request) -> JSONResponse:
            headers: Mapping[str, str] = {}
            try:
                bucket = self._buckets.setdefault(self._client(request), Bucket())
                taken = bucket.take(self._now_ms())
                headers = bucket.headers()
                if not taken:
                    raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "The application exceeded its number of calls.")
                return JSONResponse(answer(request.query_params), headers=headers)
            except Refusal as refusal:
                status = refusal.status
                body = {"error": status.phrase, "status": status.value, "message": str(refusal)}
                return JSONResponse(body, status.value, headers)

        return handle

    def _client(self, request: Request) -> str:
        """Return the client id of a request that may be answered. Raises: Refusal."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client = request.headers.get("client-id", "")
        if not token:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "OAuth token is missing")
        if scheme.lower() != "bearer" or token not in self._client_of_token:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Invalid OAuth token")
        if not client:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Client ID is missing")
        if client != self._client_of_token[token]:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Client ID and OAuth token do not match")
        return client

    def _streams(self, query: QueryParams) -> dict[str, Any]:
        first, offset = _page_size(query), _offset(query.get("after", ""))
        ids, logins = _listed(query, "user_id"), {login.lower() for login in _listed(query, "user_login")}
        streams = [
            stream
            for stream in self._source.streams(self._now_ms())
            if not (ids or logins) or stream.channel.id in ids or stream.channel.login in logins
        ]
        page = streams[offset : offset + first]
        more = offset + first < len(streams)
        return {
            "data": [_stream_fields(stream) for stream in page],
            "pagination": {"cursor": _cursor(offset + first)} if more else {},
        }

    def _users(self, query: QueryParams) -> dict[str, Any]:
        ids, logins = _listed(query, "id"), {login.lower() for login in _listed(query, "login")}
        if not 0 < len(ids) + len(logins) <= MAX_PAGE:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Between 1 and {MAX_PAGE} parameters id and login are expected")
        channels = self._source.channels
        return {"data": [_user_fields(c) for c in channels if c.id in ids or c.login in logins]}


def _listed(query: QueryParams, name: str) -> set[str]:
    values = query.getlist(name)
    if len(values) > MAX_PAGE:
        raise Refusal(HTTPStatus.BAD_REQUEST, f'The parameter "{name}" was given more than {MAX_PAGE} times')
    if any(not value for value in values):
        raise Refusal(HTTPStatus.BAD_REQUEST, f'The parameter "{name}" was malformed: the value must not be empty')
    return set(values)


def _page_size(query: QueryParams) -> int:
    text = query.get("first", "20")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_PAGE:
        limits = f"the value must be greater than or equal to 1 and less than or equal to {MAX_PAGE}"
        raise Refusal(HTTPStatus.BAD_REQUEST, f'The parameter "first" was malformed: {limits}')
    return int(text)


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"offset": offset}).encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        offset = json.loads(base64.urlsafe_b64decode(cursor.encode()))["offset"]
    except (ValueError, binascii.Error, KeyError, TypeError):
        offset = None
    if not isinstance(offset, int) or offset < 0:
        raise Refusal(HTTPStatus.BAD_REQUEST, 'The parameter "after" was malformed: not a cursor of ours')
    return offset


def _stream_fields(stream: Stream) -> dict[str, Any]:
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
        "started_at": _utc(stream.started_ms),
        "language": stream.language,
        "thumbnail_url": f"https://thumbnails.invalid/{login}-{{width}}x{{height}}.jpg",
        "is_mature": False,
        # Left over on Twitch, always empty; its description still requires it.
        "tag_ids": [],
    }


def _user_fields(channel: Channel) -> dict[str, Any]:
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


def _utc(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
