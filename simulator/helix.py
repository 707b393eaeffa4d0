"""Simulated Helix over HTTP: tokens, rate limits, faults and Twitch's error responses.

Source: dev.twitch.tv, "Twitch API Reference" and "Validating Tokens".
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.times import MINUTE_MS
from simulator.faults import Faults
from simulator.helix_faults import HelixFaults
from simulator.helix_pages import Fields, Pages, Refusal, parse_stream_query
from simulator.source import Source

POINTS_PER_MINUTE = 800
TOKEN_LIFE_S = 5_000_000
TOO_MANY = (
    "The application exceeded the number of calls it may make. For details, see Rate Limits in the Twitch API"
    " documentation."
)
Handler = Callable[[Request], Awaitable[Response]]


class Bucket:
    """Rate limit bucket of one client id: 800 points a minute, one per request."""

    def __init__(self) -> None:
        self.remaining = POINTS_PER_MINUTE
        self.reset_ms = 0

    def take(self, now_ms: int) -> bool:
        """Take a point; return False if none is left until `reset_ms`."""
        if now_ms >= self.reset_ms:
            self.remaining, self.reset_ms = POINTS_PER_MINUTE, now_ms + MINUTE_MS
        if self.remaining == 0:
            return False
        self.remaining -= 1
        return True

    def empty(self, until_ms: int) -> None:
        """Empty the bucket until `until_ms`."""
        self.remaining, self.reset_ms = 0, until_ms

    def headers(self) -> dict[str, str]:
        """Return Twitch's rate limit headers; the reset is in seconds since the epoch."""
        return {
            "Ratelimit-Limit": str(POINTS_PER_MINUTE),
            "Ratelimit-Remaining": str(self.remaining),
            "Ratelimit-Reset": str(math.ceil(self.reset_ms / 1000)),
        }


class Helix:
    """Request handlers with issued tokens and rate limit buckets."""

    def __init__(self, source: Source, now_ms: Callable[[], int], faults: Faults) -> None:
        self._pages = Pages(source)
        self._now_ms = now_ms
        self._faults = HelixFaults(faults, now_ms)
        self._client_of_token: dict[str, str] = {}
        self._buckets: dict[str, Bucket] = {}

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/oauth2/token", self._unmetered(self._token), methods=["POST"]),
                Route("/oauth2/validate", self._unmetered(self._validate)),
                Route("/helix/streams", self._metered(self._streams)),
                Route("/helix/users", self._metered(self._pages.users)),
            ]
        )

    async def _token(self, request: Request) -> Response:
        body = parse_qs((await request.body()).decode("utf-8", "replace"))
        fields = {name: values[-1] for name, values in body.items()} | dict(request.query_params)
        for name in ("client_id", "client_secret", "grant_type"):
            if not fields.get(name):
                return _sign_in_error(HTTPStatus.BAD_REQUEST, f"missing {name.replace('_', ' ')}")
        if fields["grant_type"] != "client_credentials":
            return _sign_in_error(HTTPStatus.BAD_REQUEST, "invalid grant type")
        token = secrets.token_hex(15)
        self._client_of_token[token] = fields["client_id"]
        return JSONResponse({"access_token": token, "expires_in": TOKEN_LIFE_S, "token_type": "bearer"})

    async def _validate(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client = self._client_of_token.get(token)
        if scheme.lower() not in ("oauth", "bearer") or client is None:
            return _sign_in_error(HTTPStatus.UNAUTHORIZED, "invalid access token")
        return JSONResponse({"client_id": client, "scopes": [], "expires_in": TOKEN_LIFE_S})

    def _unmetered(self, answer: Handler) -> Handler:
        async def handle(request: Request) -> Response:
            await self._begin()
            try:
                self._faults.fail()
            except Refusal as refusal:
                return _error(refusal)
            return await answer(request)

        return handle

    def _metered(self, answer: Callable[[QueryParams], Fields]) -> Handler:
        async def handle(request: Request) -> Response:
            await self._begin()
            headers: Mapping[str, str] = {}
            try:
                self._faults.fail()
                bucket = self._buckets.setdefault(self._client(request), Bucket())
                is_allowed = self._take(bucket)
                headers = bucket.headers()
                if not is_allowed:
                    raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY)
                return self._faults.corrupt(JSONResponse(answer(request.query_params), headers=headers))
            except Refusal as refusal:
                return _error(refusal, headers)

        return handle

    async def _begin(self) -> None:
        """Apply the faults that affect every request."""
        await self._faults.hang()
        if self._faults.revokes():
            self._client_of_token.clear()

    def _take(self, bucket: Bucket) -> bool:
        until_ms = self._faults.limited_until_ms()
        if until_ms is not None:
            bucket.empty(until_ms)
        return bucket.take(self._now_ms())

    def _client(self, request: Request) -> str:
        """Authenticate a request and return its client id. Raises: Refusal."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        client = request.headers.get("client-id", "")
        if not token:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "OAuth token is missing")
        if scheme.lower() != "bearer" or token not in self._client_of_token:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Invalid OAuth token")
        if not client:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Client ID is missing")
        if client != self._client_of_token[token]:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Client-ID and OAuth token do not match")
        return client

    def _streams(self, query: QueryParams) -> Fields:
        return self._faults.page(self._pages, parse_stream_query(query))


def _error(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error response from Helix."""
    status = refusal.status
    body = {"error": status.phrase, "status": status.value, "message": str(refusal)}
    return JSONResponse(body, status.value, headers)


def _sign_in_error(status: HTTPStatus, message: str) -> Response:
    """Return an error response from Twitch's OAuth server."""
    return JSONResponse({"status": status.value, "message": message}, status.value)
