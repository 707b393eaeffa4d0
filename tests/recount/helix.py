"""Asks Helix for viewers, as the product does once a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import httpx

EVERY_S = 2.0
CLIENT = "an-independent-recount"
# The product asks once a minute, and a count is used until the next one has come.
OLDEST_MS = 90_000


class Helix(threading.Thread):
    """Notes the viewers of channels every 2 s, until `end`. Only the simulated Twitch hands out such tokens."""

    def __init__(self, url: str, channel_ids: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.failure: httpx.HTTPError | None = None
        self._seen: list[tuple[int, dict[str, int]]] = []
        self._ids, self._ended = list(channel_ids), threading.Event()
        secret = {"client_id": CLIENT, "client_secret": "none", "grant_type": "client_credentials"}
        token = httpx.post(f"{url}/oauth2/token", data=secret).raise_for_status().json()["access_token"]
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}", "Client-Id": CLIENT})
        self.start()

    def end(self) -> None:
        """Stop asking. Raises: httpx.HTTPError when an answer had failed."""
        self._ended.set()
        self.join(30)
        if self.failure is not None:
            raise self.failure

    def run(self) -> None:
        """Ask until the end."""
        try:
            while not self._ended.wait(EVERY_S):
                self._seen.append((time.time_ns() // 1_000_000, self._ask()))
        except httpx.HTTPError as error:
            self.failure = error

    def between(self, channel_id: str, from_ms: int, until_ms: int) -> tuple[int, int] | None:
        """Return the least and the most that may have been known in a time; None where not all of it was asked."""
        first_ms = from_ms - OLDEST_MS
        if not self._seen or self._seen[0][0] > first_ms:
            return None
        slack_ms = 2 * EVERY_S * 1000
        found = [
            seen[channel_id]
            for at_ms, seen in self._seen
            if first_ms - slack_ms <= at_ms <= until_ms + slack_ms and channel_id in seen
        ]
        # Counts drift by less than one between two answers that are equal.
        return (min(found) - 1, max(found) + 1) if found else None

    def _ask(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for at in range(0, len(self._ids), 100):
            query: dict[str, list[str] | int] = {"user_id": self._ids[at : at + 100], "first": 100}
            answer = self._client.get("/helix/streams", params=query).raise_for_status().json()
            found |= {stream["user_id"]: stream["viewer_count"] for stream in answer["data"]}
        return found
