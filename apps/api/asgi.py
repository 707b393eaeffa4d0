"""ASGI application for /api/: no sessions and no cookies; every error is a problem document (RFC 9457).

It bypasses Django's handler, which switches threads twice and starts two tasks per request. This overhead
costs more than reading a board.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, get_resolver

from apps.api.problems import Problem, exception_handler, problem_response
from apps.api.process import ApiRequest
from twitchly import request_counts
from twitchly.origin import Application
from twitchly.request_bodies import BODY_MAX_BYTES, read_body
from twitchly.tasks import cancel

# Also matches versions that do not exist, so that their errors are problem documents, not pages.
_API = re.compile(r"/api/v[0-9]+(/|\Z)")
URLCONF = "apps.api.rest.urls"
# Every response, including problems, depends on these request headers.
VARY = "Accept, Accept-Encoding, Authorization"
# A response that fits in one packet is not compressed.
PACKET_BYTES = 1_400
_FORMAT = re.compile(r"(.*)\.(json|csv|ndjson)", re.DOTALL)

log = logging.getLogger(__name__)
_gzip = GZipMiddleware(lambda _request: HttpResponse())


class ApiApp:
    """Handles API requests; passes all other requests to `fallback`."""

    def __init__(self, fallback: Application) -> None:
        self._fallback = fallback

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self._fallback(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive)
        except RequestAborted:
            return
        response = await handle(_request(scope, body or b""), is_too_large=body is None)
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()],
            }
        )
        if response.streaming:
            await _send_stream(response, receive, send)
        else:
            await send({"type": "http.response.body", "body": response.content})


def is_api(path: str) -> bool:
    """Return whether a path belongs to the API."""
    return _API.match(path) is not None


def _request(scope: Any, body: bytes) -> ApiRequest:
    # Django fails on invalid UTF-8. With replacement characters, the view can validate the query.
    query = scope["query_string"].decode("utf-8", "replace")
    request = ApiRequest({**scope, "query_string": query}, BytesIO(body))
    request.services = scope["state"]["api"]
    # Chunked requests have no Content-Length, and Django REST framework would treat the body as empty.
    request.META["CONTENT_LENGTH"] = str(len(body))
    return request


async def handle(request: ApiRequest, *, is_too_large: bool = False) -> Any:
    """Return a response even if the request fails; `is_too_large` means that the body was too large to be read."""
    response: Any
    began_s = request_counts.begin()
    try:
        response = await _dispatch(request, is_too_large)
    except Exception as error:
        response = exception_handler(error, None) or _internal_error()
    # Only problems have a code.
    code: str = getattr(response, "problem_code", "")
    if request.auth is not None:
        request.services.usage.record(request.auth.key_id, code)
    request_counts.API_RESPONSES.labels(code or "ok").inc()
    request_counts.end(request, response, began_s)
    response["X-Content-Type-Options"] = "nosniff"
    response["Vary"] = VARY
    if response.streaming:
        return response
    if response.status_code in (204, 304):
        # A response without content has neither Content-Type nor Content-Length.
        del response["Content-Type"]
        return response
    if len(response.content) > PACKET_BYTES and not has_strong_etag(response):
        response = _gzip.process_response(request, response)
    response["Content-Length"] = str(len(response.content))
    return response


def _internal_error() -> HttpResponse:
    request_id = request_counts.request_id()
    log.exception("API request %s failed", request_id)
    return problem_response(Problem("internal-error", f"Internal error, logged as request {request_id}. Try again."))


def has_strong_etag(response: HttpResponseBase) -> bool:
    """Return whether a response has a strong ETag. Such a response is not compressed, so that If-Match works."""
    return response.get("ETag", "").startswith('"')


async def _dispatch(request: HttpRequest, is_too_large: bool) -> HttpResponseBase:
    if settings.HTTPS_ONLY and not request.is_secure():
        raise Problem("https-only", "Use https://. Revoke any key that was sent over http://.")
    if is_too_large:
        detail = f"The maximum body size is {BODY_MAX_BYTES:,} bytes."
        raise Problem("body-too-large", detail, headers={"Connection": "close"})
    request.get_host()  # defense: api-hosts
    view, args, kwargs = _resolve(request)
    return await view(request, *args, **kwargs)


def _resolve(request: HttpRequest) -> tuple[Callable[..., Awaitable[HttpResponseBase]], Any, Any]:
    """Return the view for a path, and its arguments; a format suffix becomes the argument `format`."""
    suffixed = _FORMAT.fullmatch(request.path_info)
    try:
        match = get_resolver(URLCONF).resolve(suffixed[1] if suffixed else request.path_info)
    except Resolver404:
        raise Problem("not-found", "Not found. See /api/ for all paths.") from None
    request.resolver_match = match
    return match.func, match.args, {**match.kwargs, "format": suffixed[2]} if suffixed else match.kwargs


async def _send_stream(response: Any, receive: Any, send: Any) -> None:
    """Send a streaming response until it ends or its client disconnects."""
    sending = asyncio.create_task(_send_chunks(response, send))
    disconnect = asyncio.create_task(_wait_for_disconnect(receive))
    try:
        await asyncio.wait((sending, disconnect), return_when=asyncio.FIRST_COMPLETED)
    finally:
        disconnect.cancel()
        await cancel(sending)
    if not sending.cancelled():
        sending.result()


async def _send_chunks(response: Any, send: Any) -> None:
    async with aclosing(aiter(response)) as chunks:
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})


async def _wait_for_disconnect(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
