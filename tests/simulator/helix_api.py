"""A client of the simulated Helix with a token and a manual clock."""

from __future__ import annotations

from typing import Any

import httpx

from simulator.audience import Audience
from simulator.faults import Faults, parse_request
from simulator.helix import Helix

T0 = 1_790_000_000_000
CREDENTIALS = {"client_id": "app", "client_secret": "hush", "grant_type": "client_credentials"}


class Api:
    """Sends requests over ASGI, without a socket; tests set `now_ms`."""

    def __init__(self) -> None:
        self.now_ms = T0
        self.audience = Audience(channels=250, rate=10, seed=1)
        self.faults = Faults()
        app = Helix(self.audience, lambda: self.now_ms, self.faults).app()
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulated")
        self.headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        response = await self.client.post("/oauth2/token", data=CREDENTIALS)
        self.headers = {"Authorization": f"Bearer {response.json()['access_token']}", "Client-Id": "app"}

    async def get(self, path: str, params: Any = None) -> httpx.Response:
        return await self.client.get(f"/helix/{path}", params=params, headers=self.headers)

    async def page(self, cursor: str = "") -> Any:
        """Return the body of a page of 100 streams."""
        return (await self.get("streams", {"first": 100} | ({"after": cursor} if cursor else {}))).json()

    async def pages(self) -> list[list[dict[str, Any]]]:
        """Follow the cursors and return the rows of at most ten pages."""
        pages: list[list[dict[str, Any]]] = []
        cursor = ""
        while len(pages) < 10 and (cursor or not pages):
            body = await self.page(cursor)
            pages.append(body["data"])
            cursor = body["pagination"].get("cursor", "")
        return pages

    def begin(self, kind: str, seconds: float = 60) -> None:
        """Start a fault now."""
        self.faults.begin(parse_request({"kind": kind, "seconds": seconds}), self.now_ms)
