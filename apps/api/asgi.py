"""What lies under /api/v1/ is answered here, apart from the pages: no session, no cookie, every error a problem.

Django's own handler costs a request two changes of thread and two tasks, more than all else that a board needs.
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
from django.core.exceptions import BadRequest, RequestAborted, SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, get_resolver

from apps.api import problems
from apps.api.problems import Problem
from twitchly import request_counts
from twitchly.origin import Application
from twitchly.request_bodies import BODY_MAX_BYTES, read_body

# Versions that do not exist are answered as the API too, and not by a page.
_API = re.compile(r"/api/v[0-9]+(/|\Z)")
ADDRESSES = "apps.api.rest.urls"
# Whose key it is, and what the client takes, decide about every answer, problems included.
VARY = "Accept, Accept-Encoding, Authorization"
# What travels in one packet anyway is not compressed.
PACKET_BYTES = 1_400
# Longer than a stream needs to give its place back.
CANCEL_EVERY_S = 1.0
_FORMAT = re.compile(r"(.*)\.(json|csv|ndjson)", re.DOTALL)

log = logging.getLogger(__name__)
_gzip = GZipMiddleware(lambda _request: HttpResponse())


class Gate:
    """Answers the API's requests; `pages` answers all others."""

    def __init__(self, pages: Application) -> None:
        self._pages = pages

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self._pages(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive)
        except RequestAborted:
            return
        response = await answer(_request(scope, body or b""), is_cut=body is None)
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()],
            }
        )
        if response.streaming:
            await _stream(response, receive, send)
        else:
            await send({"type": "http.response.body", "body": response.content})


def is_api(path: str) -> bool:
    """Tell whether a path is one of the API's."""
    return _API.match(path) is not None


def _request(scope: Any, body: bytes) -> HttpRequest:
    # Bytes that are not UTF-8 would be a fault of Django's; replaced, they are an unknown parameter.
    query = scope["query_string"].decode("utf-8", "replace")
    request = ASGIRequest({**scope, "query_string": query}, BytesIO(body))
    # A body sent in chunks names no length, and Django REST framework would take it for empty.
    request.META["CONTENT_LENGTH"] = str(len(body))
    return request


async def answer(request: HttpRequest, *, is_cut: bool = False) -> Any:
    """Answer a request to the API, whatever happens; `is_cut`: its body was too large to be read."""
    response: Any
    began_s, code = request_counts.begin(), "ok"
    request_id = request_counts.request_id()
    try:
        response = await _answer(request, is_cut)
    except Problem as problem:
        code, response = problem.code, problems.answer(problem, request_id)
    except Exception:
        log.exception("the request %s to the API failed", request_id)
        fault = Problem("internal-error", f"The fault is ours, and written down as {request_id}. Try again.")
        code, response = fault.code, problems.answer(fault, request_id)
    request_counts.REQUESTS.api[code] += 1
    request_counts.end(request, response, began_s)
    response["X-Content-Type-Options"] = "nosniff"
    response["Vary"] = VARY
    if response.streaming:
        return response
    if response.status_code in (204, 304):
        # They have no content, and so neither its type nor its length.
        del response["Content-Type"]
        return response
    if len(response.content) > PACKET_BYTES and not has_strong_tag(response):
        response = _gzip.process_response(request, response)
    response["Content-Length"] = str(len(response.content))
    return response


def has_strong_tag(response: HttpResponseBase) -> bool:
    """Tell whether a tag names the very bytes of an answer: such an answer is sent as it is, for If-Match."""
    return response.get("ETag", "").startswith('"')


async def _answer(request: HttpRequest, is_cut: bool) -> HttpResponseBase:
    if settings.HTTPS_ONLY and not request.is_secure():
        raise Problem("https-only", "Ask by https://. A key that was sent without it should be revoked.")
    if is_cut:
        detail = f"A body has {BODY_MAX_BYTES:,} bytes at most."
        raise Problem("body-too-large", detail, headers={"Connection": "close"})
    try:
        request.get_host()  # defense: api-hosts
        view, args, kwargs = _view(request)
        return await view(request, *args, **kwargs)
    except (SuspiciousOperation, BadRequest) as error:
        raise Problem("invalid-request", str(error) or "The request cannot be read.") from None
    except Http404 as error:
        raise Problem("not-found", str(error)) from None


def _view(request: HttpRequest) -> tuple[Callable[..., Awaitable[HttpResponseBase]], Any, Any]:
    """Return the view of an address, and tell it the format that stands at the end of it."""
    ended = _FORMAT.fullmatch(request.path_info)
    try:
        match = get_resolver(ADDRESSES).resolve(ended[1] if ended else request.path_info)
    except Resolver404:
        raise Problem("not-found", "There is nothing at this address. All there is stands at /api/.") from None
    request.resolver_match = match
    return match.func, match.args, {**match.kwargs, "format": ended[2]} if ended else match.kwargs


async def _stream(response: Any, receive: Any, send: Any) -> None:
    """Send what comes, until it ends or its reader leaves."""
    sending, leaving = asyncio.create_task(_send_parts(response, send)), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        await _end(sending)
    if not sending.cancelled():
        sending.result()


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended: Python 3.11's wait_for loses a cancellation that comes as its wait is over."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_EVERY_S)


async def _send_parts(response: Any, send: Any) -> None:
    async with aclosing(aiter(response)) as parts:
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
