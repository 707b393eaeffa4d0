"""Twitch's REST API: the one file that speaks Helix.

Source: twitch.md "Helix (REST)".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from apps.ingest.snapshot import Stream
from core.errors import ServiceAway, TwitchRefused

log = logging.getLogger(__name__)

PAGE = 100
TRIES = 4
LONGEST_WAIT_S = 60.0


class Helix:
    """A client with an app token: asked for when needed, and once again when Twitch refuses it."""

    def __init__(
        self,
        *,
        client: httpx.Client,
        url: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._url = url
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._sleep = sleep
        self._token = ""

    def top_streams(self, wanted: int) -> list[Stream]:
        """Return the `wanted` most viewed live streams, most viewed first.

        Pages repeat and skip streams, so 1.4 times as many are read, and a channel counts once.
        Raises: ServiceAway, TwitchRefused.
        """
        streams: dict[str, Stream] = {}
        seen_cursors: set[str] = set()
        cursor = ""
        for _ in range(max(2, -(-wanted * 14 // (10 * PAGE)))):
            body = self._get("/streams", {"first": str(PAGE), **({"after": cursor} if cursor else {})})
            rows = [stream for stream in map(_stream, _rows(body)) if stream is not None]
            for stream in rows:
                streams.setdefault(stream.id, stream)
            cursor = str((body.get("pagination") or {}).get("cursor") or "")
            if not rows and seen_cursors and len(streams) < wanted:
                raise ServiceAway(f"Helix gave an empty page after {len(streams)} streams: the list would be cut")
            if not cursor or not rows or cursor in seen_cursors:
                break
            seen_cursors.add(cursor)
        return sorted(streams.values(), key=lambda stream: (-stream.viewers, stream.id))[:wanted]

    def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        renewed = False
        problem = ""
        for attempt in range(TRIES):
            if not self._token:
                self._token = self._new_token()
            headers = {"Authorization": f"Bearer {self._token}", "Client-Id": self._client_id}
            try:
                response = self._client.get(self._url + path, params=dict(params), headers=headers)
            except httpx.HTTPError as error:
                problem = f"{type(error).__name__}: {error}"
                self._sleep(2.0**attempt)
                continue
            if response.status_code == httpx.codes.UNAUTHORIZED and not renewed:
                renewed, self._token = True, ""
                continue
            if response.is_success:
                return _object(response)
            problem = f"HTTP {response.status_code}: {response.text[:200]}"
            if response.is_client_error and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                raise TwitchRefused(f"Helix {path} answered {problem}")
            self._sleep(_wait_s(response, attempt))
        raise ServiceAway(f"Helix {path} at {self._url} did not answer after {TRIES} tries: {problem}")

    def _new_token(self) -> str:
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "grant_type": "client_credentials",
        }
        try:
            response = self._client.post(self._token_url, data=form)
        except httpx.HTTPError as error:
            raise ServiceAway(f"no token from {self._token_url}: {error}") from error
        if response.is_client_error:
            raise TwitchRefused(
                f"Twitch gave no token (HTTP {response.status_code}): check TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET"
            )
        if not response.is_success:
            raise ServiceAway(f"no token from {self._token_url}: HTTP {response.status_code}")
        token = _object(response).get("access_token")
        if not isinstance(token, str) or not token:
            raise ServiceAway(f"no token in the answer of {self._token_url}")
        return token


def _wait_s(response: httpx.Response, attempt: int) -> float:
    """Until the bucket refills when Twitch says so, and at least a growing pause: false 429s and 500s occur."""
    reset = response.headers.get("Ratelimit-Reset", "")
    until_reset = float(reset) - time.time() if reset.isdigit() and response.status_code == 429 else 0.0
    return min(LONGEST_WAIT_S, max(until_reset, 2.0**attempt))


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError as error:
        raise ServiceAway(f"{response.url.path} answered no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ServiceAway(f"{response.url.path} answered a {type(body).__name__}: expected an object")
    return body


def _rows(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows = body.get("data")
    if not isinstance(rows, list):
        raise ServiceAway(f"/streams answered without a list `data`: got {type(rows).__name__}")
    return [row for row in rows if isinstance(row, dict)]


def _stream(row: Mapping[str, Any]) -> Stream | None:
    """Return the stream in a row of Get Streams; None, with a word in the log, when it cannot be used."""
    try:
        viewers = int(row["viewer_count"])
        channel_id, login = str(row["user_id"]), str(row["user_login"]).lower()
        if not channel_id.isdigit() or not login or not 0 <= viewers < 10_000_000:
            raise ValueError(f"user_id {channel_id[:30]!r}, viewer_count {viewers}")
    except (KeyError, TypeError, ValueError) as error:
        log.warning("left out a stream that cannot be used: %s", error)
        return None
    texts = {name: str(row.get(name) or "") for name in ("user_name", "game_name", "language", "title", "started_at")}
    return Stream(
        id=channel_id,
        login=login,
        name=texts["user_name"] or login,
        viewers=viewers,
        category=texts["game_name"],
        language=texts["language"],
        title=texts["title"],
        started_at=texts["started_at"],
    )
