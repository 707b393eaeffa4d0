"""Polls Helix for viewers."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import httpx

from tests.recount.clock import now_ms

EVERY_S = 2.0
CLIENT = "an-independent-recount"
# The product polls once a minute and uses a count until the next one arrives.
OLDEST_MS = 90_000


class Helix(threading.Thread):
    """Records the viewers of channels every 2 s until `end`.

    Only the simulated Twitch issues tokens for these credentials.
    """

    def __init__(self, url: str, channel_ids: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.failure: httpx.HTTPError | None = None
        self._polls: list[tuple[int, dict[str, int]]] = []
        self._ids, self._ended = list(channel_ids), threading.Event()
        secret = {"client_id": CLIENT, "client_secret": "none", "grant_type": "client_credentials"}
        token = httpx.post(f"{url}/oauth2/token", data=secret).raise_for_status().json()["access_token"]
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}", "Client-Id": CLIENT})
        self.start()

    def end(self) -> None:
        """Stop polling. Raises: httpx.HTTPError if a request failed."""
        self._ended.set()
        self.join(30)
        if self.failure is not None:
            raise self.failure

    def run(self) -> None:
        """Poll until `end`."""
        try:
            while not self._ended.wait(EVERY_S):
                self._polls.append((now_ms(), self._poll()))
        except httpx.HTTPError as error:
            self.failure = error

    def between(self, channel_id: str, from_ms: int, until_ms: int) -> tuple[int, int] | None:
        """Return the bounds of a channel's viewers in a period, or None if polling does not cover it."""
        first_ms = from_ms - OLDEST_MS
        if not self._polls or self._polls[0][0] > first_ms:
            return None
        slack_ms = 2 * EVERY_S * 1000
        counts = [
            viewers[channel_id]
            for at_ms, viewers in self._polls
            if first_ms - slack_ms <= at_ms <= until_ms + slack_ms and channel_id in viewers
        ]
        # Between two equal responses, a count drifts by less than one.
        return (min(counts) - 1, max(counts) + 1) if counts else None

    def _poll(self) -> dict[str, int]:
        viewers: dict[str, int] = {}
        for at in range(0, len(self._ids), 100):
            query: dict[str, list[str] | int] = {"user_id": self._ids[at : at + 100], "first": 100}
            response = self._client.get("/helix/streams", params=query).raise_for_status().json()
            viewers |= {stream["user_id"]: stream["viewer_count"] for stream in response["data"]}
        return viewers
