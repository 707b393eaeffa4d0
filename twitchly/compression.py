"""HTTP compression."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from twitchly.origin import Application

ACCEPT_ENCODING = b"accept-encoding"


class PageCompression(GZipMiddleware):
    """Compresses responses that are not streamed.

    Django would gzip each chunk of a streaming response separately, and some browsers read only the first chunk.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the response, compressed if the client accepts it."""
        return response if response.streaming else super().process_response(request, response)


class WeighedCodings:
    """Reduces Accept-Encoding to the codings that the client does not rank below an uncompressed response.

    Django, WhiteNoise and the API only search for the word `gzip`, and would send gzip to a client that excludes it
    with `gzip;q=0`.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = scope.get("headers", ())
        sent = [value.decode("latin-1") for name, value in headers if name == ACCEPT_ENCODING]
        if sent:
            others = [(name, value) for name, value in headers if name != ACCEPT_ENCODING]
            weighed = ", ".join(preferred_codings(",".join(sent))).encode("latin-1")
            scope = {**scope, "headers": [*others, (ACCEPT_ENCODING, weighed)]}
        return await self._application(scope, receive, send)


def preferred_codings(header: str) -> list[str]:
    """Return the codings of an Accept-Encoding header with a weight above 0 and not below that of `identity`.

    Source: RFC 9110, 12.5.3.
    """
    weights: dict[str, float] = {}
    for token in header.split(","):
        name, *parameters = (part.strip().lower() for part in token.split(";"))
        if name:
            weights[name.removeprefix("x-")] = next((_weight(p) for p in parameters if p.startswith("q")), 1.0)
    if "*" in weights:
        weights = {"gzip": weights["*"], **weights}
    identity = weights.pop("identity", 0.0)
    weights.pop("*", None)
    return [name for name, weight in weights.items() if weight > 0 and weight >= identity]


def _weight(parameter: str) -> float:
    """Return the number in `q=0.5`, or 1 if it is invalid."""
    try:
        weight = float(parameter.partition("=")[2])
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0
