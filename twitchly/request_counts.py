"""What every request has in common: an id for those who ask what became of it, and a place in the counts."""

from __future__ import annotations

import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from twitchly.logs import current_request
from twitchly.telemetry import Seconds

HEADER = "X-Request-Id"


@dataclass(slots=True)
class RequestCounts:
    """Requests by route and status, seconds by route, and the API's answers by code; of this process."""

    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: defaultdict[str, Seconds] = field(default_factory=lambda: defaultdict(Seconds))
    api: Counter[str] = field(default_factory=Counter)

    def add(self, request: HttpRequest, status: int, seconds: float) -> None:
        """Count one that was answered."""
        route = route_of(request)
        self.answered[route, str(status)] += 1
        self.seconds[route].add(seconds)


REQUESTS = RequestCounts()


def request_id() -> str:
    """Return the id of the request that is being answered, "" outside of any."""
    return current_request.get()


def route_of(request: HttpRequest) -> str:
    """Return the name of a request's route, and never what somebody wrote into its address."""
    match = request.resolver_match
    if match is not None:
        return match.view_name if match.url_name else match.route
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


@sync_and_async_middleware
def counted(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Give each request its id, and count it."""
    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            began_s = begin()
            return end(request, await get_response(request), began_s)

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began_s = begin()
        return end(request, get_response(request), began_s)

    return middleware


def begin() -> float:
    """Give the request that begins now its id, and return when that was."""
    current_request.set(secrets.token_hex(8))
    return time.perf_counter()


def end(request: HttpRequest, response: HttpResponseBase, began_s: float) -> HttpResponseBase:
    """Count a request, and return its answer with the id."""
    REQUESTS.add(request, response.status_code, time.perf_counter() - began_s)
    response[HEADER] = request_id()
    current_request.set("")
    return response
