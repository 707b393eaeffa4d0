"""Fake Helix with scripted responses, and a manual clock for its client."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from apps.ingest.helix import Helix
from apps.ingest.helix_calls import Timing

T0_S = 1_795_400_000.0
ScriptedResponse = httpx.Response | Exception


def row(number: int, viewers: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"s{number}",
        "user_id": str(number),
        "user_login": f"Channel{number}",
        "user_name": f"Channel {number}",
        "game_name": "Chess",
        "viewer_count": viewers,
        "language": "en",
        "title": "a title",
        "started_at": "2026-11-23T00:00:00Z",
        **fields,
    }


def page(rows: Iterable[Any], cursor: str = "") -> httpx.Response:
    return httpx.Response(200, json={"data": list(rows), "pagination": {"cursor": cursor} if cursor else {}})


class Clock:
    """A clock that advances on sleep."""

    def __init__(self) -> None:
        self.s = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.s += seconds

    def timing(self) -> Timing:
        return Timing(now_s=lambda: self.s, wall_s=lambda: T0_S + self.s, sleep=self.sleep, draw=lambda: 1.0)


class Twitch:
    """Issues tokens, serves scripted responses to other requests in order, and records the requests."""

    def __init__(self, *responses: ScriptedResponse) -> None:
        self._responses: Iterator[ScriptedResponse] = iter(responses)
        self.clock = Clock()
        self.tokens = 0
        self.requests: list[httpx.Request] = []
        self.request_times_s: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.request_times_s.append(self.clock.s)
        if request.url.path == "/oauth2/token":
            return self.token()
        self.requests.append(request)
        return self.respond(request)

    def token(self) -> httpx.Response:
        self.tokens += 1
        return httpx.Response(200, json={"access_token": f"t{self.tokens}", "token_type": "bearer"})

    def respond(self, _request: httpx.Request) -> httpx.Response:
        response = next(self._responses)
        if isinstance(response, Exception):
            raise response
        return response

    def helix(self) -> Helix:
        return Helix(
            new_client=lambda: httpx.AsyncClient(transport=httpx.MockTransport(self)),
            url="http://twitch.test/helix",
            token_url="http://twitch.test/oauth2/token",
            client_id="id",
            client_secret="secret",
            timing=self.clock.timing(),
        )


class Live(Twitch):
    """Responds like Twitch from a table of live streams; `fault` replaces all responses."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        super().__init__()
        self.streams = {row["user_id"]: row for row in rows}
        self.accounts = {row["user_id"]: row["user_login"].lower() for row in rows}
        self.fault: ScriptedResponse | None = None

    def respond(self, request: httpx.Request) -> httpx.Response:
        if isinstance(self.fault, Exception):
            raise self.fault
        if self.fault is not None:
            return self.fault
        params = request.url.params
        if request.url.path.endswith("/users"):
            ids, logins = params.get_list("id"), params.get_list("login")
            accounts = [
                (user_id, login) for user_id, login in self.accounts.items() if user_id in ids or login in logins
            ]
            return page({"id": user_id, "login": login, "display_name": login.title()} for user_id, login in accounts)
        ids = params.get_list("user_id")
        live = sorted(self.streams.values(), key=lambda row: -int(row["viewer_count"]))
        live = [row for row in live if not ids or row["user_id"] in ids]
        start, first = int(params.get("after", "0")), int(params["first"])
        return page(live[start : start + first], str(start + first) if start + first < len(live) else "")


@contextlib.contextmanager
def served(twitch: Twitch) -> Iterator[str]:
    """Serve over HTTP on a free port; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://{self.headers['Host']}{self.path}"
            response = twitch(httpx.Request(self.command, url, headers=dict(self.headers)))
            self.send_response(response.status_code)
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
