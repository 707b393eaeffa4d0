"""Request ids and request counters."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from twitchly.logs import current_request
from twitchly.telemetry import counter, histogram

HEADER = "X-Request-Id"


# Requests by route and status, durations by route, and API responses by code.
REQUESTS = counter("twitchly_http_requests")
REQUEST_SECONDS = histogram("twitchly_http_request_seconds")
API_RESPONSES = counter("twitchly_api_answers")


def request_id() -> str:
    """Return the id of the current request, or "" outside of requests."""
    return current_request.get()


def route_of(request: HttpRequest) -> str:
    """Return the name of a request's route, never text from its URL."""
    match = request.resolver_match
    if match is not None:
        return match.view_name if match.url_name else match.route
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


@sync_and_async_middleware
def count_requests(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Assign an id to each request, and count it."""
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
    """Assign an id to the current request, and return its start time."""
    current_request.set(secrets.token_hex(8))
    return time.perf_counter()


def end(request: HttpRequest, response: HttpResponseBase, began_s: float) -> HttpResponseBase:
    """Count a request, and return its response with the request id."""
    route = route_of(request)
    REQUESTS.labels(route, response.status_code).inc()
    REQUEST_SECONDS.labels(route).observe(time.perf_counter() - began_s)
    response[HEADER] = request_id()
    current_request.set("")
    return response
