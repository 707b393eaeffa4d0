"""Compression on the wire."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from twitchly.origin import Application

ACCEPT_ENCODING = b"accept-encoding"


class PageCompression(GZipMiddleware):
    """Compress what is sent in one piece.

    A file that is written while it is read goes as it is: Django would make each of its pieces a gzip of its own, and
    of several browsers read the first alone.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the response, compressed where the browser takes it so."""
        return response if response.streaming else super().process_response(request, response)


class WeighedCodings:
    """Leaves only the codings in Accept-Encoding that the client prefers to an uncompressed answer.

    Django, WhiteNoise and the API only look for the word `gzip`, and would send it to a client that excludes it with
    `gzip;q=0`.
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
    """Return the codings of an Accept-Encoding header that weigh more than 0 and no less than `identity`.

    Source: RFC 9110, 12.5.3.
    """
    weights: dict[str, float] = {}
    for token in header.split(","):
        name, *parameters = (part.strip().lower() for part in token.split(";"))
        if name:
            weights[name.removeprefix("x-")] = next((_weight(one) for one in parameters if one.startswith("q")), 1.0)
    if "*" in weights:
        weights = {"gzip": weights["*"], **weights}
    plain = weights.pop("identity", 0.0)
    weights.pop("*", None)
    return [name for name, weight in weights.items() if weight > 0 and weight >= plain]


def _weight(parameter: str) -> float:
    """Return the number in `q=0.5`; a client that writes none excludes nothing."""
    try:
        return float(parameter.partition("=")[2])
    except ValueError:
        return 1.0
