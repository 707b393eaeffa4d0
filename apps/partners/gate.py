"""What lies under /api/v1/ is answered here, apart from the pages: no session, no cookie, every error a problem."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, get_resolver
from django.utils.decorators import sync_and_async_middleware

from apps.partners import problems
from apps.partners.bodies import BODY_MAX_BYTES, CUT
from apps.partners.problems import Problem

ROOT = "/api/v1/"
_FORMAT = re.compile(r"(.*)\.(json|csv|ndjson)", re.DOTALL)

log = logging.getLogger(__name__)
_gzip = GZipMiddleware(lambda _request: HttpResponse())


@sync_and_async_middleware
def api_apart(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Let the API's requests pass none of what pages need."""
    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            return await (answer if request.path.startswith(ROOT) else get_response)(request)

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return (async_to_sync(answer) if request.path.startswith(ROOT) else get_response)(request)

    return middleware


async def answer(request: HttpRequest) -> HttpResponseBase:
    """Answer a request to the API, whatever happens."""
    request_id = secrets.token_hex(8)
    try:
        response = await _answer(request)
    except Problem as problem:
        response = problems.answer(problem, request_id)
    except Exception:
        log.exception("the request %s to the API failed", request_id)
        fault = Problem("internal-error", f"The fault is ours, and written down as {request_id}. Try again.")
        response = problems.answer(fault, request_id)
    response["X-Request-Id"] = request_id
    response["X-Content-Type-Options"] = "nosniff"
    if settings.SECURE_HSTS_SECONDS:
        response["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    if response.get("Content-Type") == "text/event-stream":
        return response
    compressed = _gzip.process_response(request, response)
    if isinstance(compressed, HttpResponse):
        compressed["Content-Length"] = str(len(compressed.content))
    return compressed


async def _answer(request: HttpRequest) -> HttpResponseBase:
    if settings.HTTPS_ONLY and not request.is_secure():
        raise Problem("https-only", "Ask by https://. A key that was sent without it should be revoked.")
    if getattr(request, "scope", {}).get(CUT):
        detail = f"A body has {BODY_MAX_BYTES:,} bytes at most."
        raise Problem("body-too-large", detail, headers={"Connection": "close"})
    view, args, kwargs = _view(request)
    try:
        return await view(request, *args, **kwargs)
    except (SuspiciousOperation, BadRequest) as error:
        raise Problem("invalid-request", str(error) or "The request cannot be read.") from None
    except Http404 as error:
        raise Problem("not-found", str(error)) from None


def _view(request: HttpRequest) -> tuple[Callable[..., Awaitable[HttpResponseBase]], Any, Any]:
    """Return the view of an address, and tell it the format that stands at the end of it."""
    ended = _FORMAT.fullmatch(request.path_info)
    try:
        match = get_resolver().resolve(ended[1] if ended else request.path_info)
    except Resolver404:
        raise Problem("not-found", "There is nothing at this address. All there is stands at /api/.") from None
    request.resolver_match = match
    return match.func, match.args, {**match.kwargs, "format": ended[2]} if ended else match.kwargs
