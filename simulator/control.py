"""HTTP control API of the simulator: status and fault injection."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.inputs.json_text import InvalidJson, RepeatedMember, read_json
from simulator.faults import BadFault, Fault, Faults, parse_request
from simulator.irc_faults import IrcFaults

Status = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]

NAMES = ("127.0.0.1", "localhost", "::1")


class Control:
    """Starts and ends faults and serves `status`."""

    def __init__(self, faults: Faults, irc: IrcFaults, now_ms: Callable[[], int], status: Callable[[], Status]) -> None:
        self._faults = faults
        self._irc = irc
        self._now_ms = now_ms
        self._status = status

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/simulator", _guarded(self._show)),
            Route("/simulator/faults", _guarded(self._begin), methods=["POST"]),
            Route("/simulator/faults", _guarded(self._end_all), methods=["DELETE"]),
        ]

    async def _show(self, _: Request) -> JSONResponse:
        active = [_fault_fields(fault) for fault in self._faults.all_active(self._now_ms())]
        return JSONResponse(self._status() | {"faults": active})

    async def _begin(self, request: Request) -> JSONResponse:
        # Pages on other sites can send forms and plain text, but JSON only if CORS allows it.
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":  # defense: simulator-json
            return JSONResponse({"message": "expected Content-Type: application/json"}, 415)
        try:
            fault_request = parse_request(read_json(await request.body()))
        except BadFault as error:
            return JSONResponse({"message": str(error)}, 400)
        except RepeatedMember as error:
            return JSONResponse({"message": f"expected {error.member} once"}, 400)
        except InvalidJson:
            return JSONResponse({"message": "expected a JSON object"}, 400)
        fault = self._faults.begin(fault_request, self._now_ms())
        affected = self._irc.begin(fault)
        asyncio.get_running_loop().call_later(fault_request.seconds, self._irc.end, fault.id)
        return JSONResponse(_fault_fields(fault) | asdict(affected), 202)

    async def _end_all(self, _: Request) -> Response:
        self._faults.end_all()
        self._irc.end_all()
        return Response(status_code=204)


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Reject requests with a foreign Host header or from pages on other sites."""

    async def answer(request: Request) -> Response:
        host = request.headers.get("host", "").lower()
        if host.rpartition(":")[0].strip("[]") not in NAMES and host.strip("[]") not in NAMES:
            return JSONResponse({"message": f"expected one of these hosts: {', '.join(NAMES)}"}, 403)
        if request.headers.get("origin", f"http://{host}").lower() != f"http://{host}":
            return JSONResponse({"message": "requests from pages on other sites are not allowed"}, 403)
        return await endpoint(request)

    return answer  # defense: simulator-origin


class RequestCounter:
    """ASGI middleware that counts requests and responses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._requests = 0
        self._by_status: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve and count a request; one that hangs is counted without a status."""

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._by_status[str(message["status"])] += 1
            await send(message)

        self._requests += 1
        await self._app(scope, receive, counting)

    def status(self) -> Status:
        """Return the counts."""
        return {"requests": self._requests, "by_status": dict(self._by_status)}


def _fault_fields(fault: Fault) -> Status:
    return {"id": fault.id, "kind": fault.kind, "from_ms": fault.from_ms, "until_ms": fault.until_ms}
