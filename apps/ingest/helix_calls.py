"""HTTP client for Twitch, with an app token, a rate limit, retries and deadlines.

All API requests to Twitch are sent here. Source: dev.twitch.tv, "Twitch API Concepts".
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import httpx

from core.errors import ServiceUnavailable, TwitchRefused
from core.limits.sliding_window import SlidingWindow

TRIES = 4
TRY_S = 10.0
CALLS_PER_MINUTE = 600
BACKOFF_MAX_S = 16.0
# A page of 100 streams is about 60 KB.
MAX_BODY_BYTES = 8_000_000
# Transient 4xx statuses. Source: RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4.
RETRYABLE_4XX = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS})

Answer = TypeVar("Answer")
Params = Sequence[tuple[str, str]]
Reader = Callable[[Mapping[str, Any]], Answer]


@dataclass(frozen=True, slots=True)
class Timing:
    """`now_s` is monotonic, `wall_s` is Unix time, and `draw` returns a random number between 0 and 1.

    Each response must be complete within `try_s`.
    """

    now_s: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random
    try_s: float = TRY_S


@dataclass(frozen=True, slots=True)
class Access:
    """URLs of Twitch and the client's credentials."""

    url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)


class RequestRefused(TwitchRefused):
    """Twitch refused a request with a 4xx `status` that is not transient."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _RetryableError(Exception):
    """A transient failure; `wait_s` is the additional delay that Twitch demands."""

    def __init__(self, problem: str, wait_s: float = 0.0) -> None:
        super().__init__(problem)
        self.wait_s = wait_s


class _TokenRefused(Exception):
    """HTTP 401: the token has expired or was revoked."""


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_refusal(self) -> bool:
        return 400 <= self.status < 500 and self.status not in RETRYABLE_4XX

    def problem(self) -> str:
        return f"HTTP {self.status}: {self.body[:200].decode('utf-8', 'replace')}"


class TwitchClient:
    """Sends requests with an app token within Twitch's rate limit. `results` counts responses by outcome.

    `new_client` is called for each request, because an AsyncClient belongs to one event loop.
    """

    def __init__(self, new_client: Callable[[], httpx.AsyncClient], access: Access, timing: Timing) -> None:
        self._new_client = new_client
        self._access = access
        self._timing = timing
        self._token = ""
        self._rate_limit = SlidingWindow(CALLS_PER_MINUTE, 60)
        self.results: Counter[str] = Counter()

    def get(self, path: str, params: Params, read: Reader[Answer], *, until_s: float) -> Answer:
        """Return the response parsed by `read`; retry if `read` raises ValueError.

        Raises: ServiceUnavailable, TwitchRefused; RequestRefused if only this request was refused.
        """
        once = partial(self._get_once, path, params, read)
        try:
            return self._retry(once, until_s)
        except _TokenRefused:
            self._token = ""
        try:
            return self._retry(once, until_s)
        except _TokenRefused as error:
            self._token = ""
            raise TwitchRefused(f"Twitch also refused a newly issued token for {path}: {error}") from error

    def renew_token(self, *, until_s: float) -> None:
        """Request a token even if there is one. Raises: ServiceUnavailable, TwitchRefused."""
        self._token = self._retry(self._token_once, until_s)

    def now_s(self) -> float:
        """Return the time on the clock that `until_s` refers to."""
        return self._timing.now_s()

    def pause(self, seconds: float, *, until_s: float, reason: str) -> None:
        """Sleep. Raises: ServiceUnavailable if that would miss the deadline."""
        if seconds > 0:
            if self.now_s() + seconds >= until_s:
                raise self._late(reason)
            self._timing.sleep(seconds)

    def _late(self, reason: str) -> ServiceUnavailable:
        return ServiceUnavailable(f"Twitch at {self._access.url} returned no usable response in time: {reason}")

    def _retry(self, once: Callable[[float], Answer], until_s: float) -> Answer:
        problem = ""
        for attempt in range(TRIES):
            try:
                return once(until_s)
            except _RetryableError as failure:
                problem = str(failure)
                # Spurious 429s and 500s occur, so back off even without Ratelimit-Reset.
                backoff_s = min(BACKOFF_MAX_S, 2.0**attempt) * (0.5 + self._timing.draw() / 2)
                wait_s = failure.wait_s + backoff_s
                if failure.wait_s:
                    self._rate_limit.block_until(self.now_s() + wait_s)
                if attempt + 1 < TRIES:
                    self.pause(wait_s, until_s=until_s, reason=problem)
        raise ServiceUnavailable(
            f"Twitch at {self._access.url} returned no usable response in {TRIES} attempts: {problem}"
        )

    def _get_once(self, path: str, params: Params, read: Reader[Answer], until_s: float) -> Answer:
        if not self._token:
            self._token = self._token_once(until_s)
        headers = {"Authorization": f"Bearer {self._token}", "Client-Id": self._access.client_id}
        response = self._send("GET", self._access.url + path, until_s, params=list(params), headers=headers)
        if response.status == httpx.codes.UNAUTHORIZED:
            raise _TokenRefused(response.problem())
        return self._read(path, response, read)

    def _token_once(self, until_s: float) -> str:
        form = {
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret,
            "grant_type": "client_credentials",
        }
        response = self._send("POST", self._access.token_url, until_s, data=form)
        if response.is_refusal:
            hint = "check TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET"
            raise TwitchRefused(f"Twitch issued no token (HTTP {response.status}): {hint}")
        return self._read("a token", response, _token_of)

    def _send(self, method: str, url: str, until_s: float, **request: Any) -> _Response:
        """Send one request; the complete response must arrive within `try_s`.

        `Any` because the library's options have many types. Raises: _RetryableError, ServiceUnavailable.
        """
        self.pause(self._rate_limit.delay_s(self.now_s()), until_s=until_s, reason="too many calls in a minute")
        self._rate_limit.record(self.now_s())
        limit_s = min(self._timing.try_s, until_s - self.now_s())
        if limit_s <= 0:
            raise self._late("earlier responses took too long")
        loop = asyncio.new_event_loop()
        try:
            response = loop.run_until_complete(self._exchange(method, url, limit_s, request))
        except (TimeoutError, httpx.HTTPError) as error:
            self.results["timeout" if isinstance(error, TimeoutError) else "connection"] += 1
            raise _RetryableError(f"{type(error).__name__}: {error}") from error
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            # asyncio.run would also wait for a DNS lookup that hangs in a thread of the loop.
            loop.close()
        if not 200 <= response.status < 300:
            self.results[str(response.status)] += 1
        return response

    async def _exchange(self, method: str, url: str, limit_s: float, request: Mapping[str, Any]) -> _Response:
        # The library's own timeouts apply to individual reads, so a response that trickles in would never exceed them.
        try:
            async with (
                asyncio.timeout(limit_s),
                self._new_client() as client,
                client.stream(method, url, timeout=None, **request) as response,
            ):
                return _Response(response.status_code, response.headers, await _body(response))
        except TimeoutError as error:
            raise TimeoutError(f"the response was not complete after {limit_s:.1f} s") from error

    def _read(self, subject: str, response: _Response, read: Reader[Answer]) -> Answer:
        """Parse a successful response and count it. Errors never quote the body, which may contain a token.

        Raises: _RetryableError, RequestRefused.
        """
        if not 200 <= response.status < 300:
            if response.is_refusal:
                raise RequestRefused(f"Twitch refused {subject}: {response.problem()}", response.status)
            raise _RetryableError(response.problem(), self._until_reset_s(response))
        try:
            answer = read(_object(response.body))
        except (ValueError, RecursionError) as error:
            self.results["malformed"] += 1
            reason = "not JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else str(error)
            raise _RetryableError(
                f"the response for {subject}, {len(response.body)} bytes, is malformed: {reason}"
            ) from None
        self.results[str(response.status)] += 1
        return answer

    def _until_reset_s(self, response: _Response) -> float:
        reset = response.headers.get("Ratelimit-Reset", "")
        if response.status != httpx.codes.TOO_MANY_REQUESTS or not reset.isascii() or not reset.isdigit():
            return 0.0
        return min(120.0, max(0.0, float(reset[:12]) - self._timing.wall_s()))


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise httpx.DecodingError(f"the response has more than {MAX_BODY_BYTES:,} bytes")
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError(f"expected an object, got a {type(fields).__name__}")  # noqa: TRY004 - as below
    return fields


def _token_of(fields: Mapping[str, Any]) -> str:
    token = fields.get("access_token")
    if not isinstance(token, str) or not token:
        raise ValueError("expected a string `access_token`")
    return token
