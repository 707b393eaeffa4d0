"""Same-origin check for WebSockets: same host, same port, and an allowed host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[Any, Any, Any], Awaitable[Any]]


class SameOrigin:
    """Refuses WebSockets whose Origin is not the host that they were opened on.

    Browsers always send an Origin, so requests without one are refused too.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        needs_https = settings.HTTPS_ONLY or scope.get("scheme") == "wss"
        if is_same_origin(headers.get(b"origin", ""), headers.get(b"host", ""), needs_https=needs_https):
            return await self._application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def is_same_origin(origin: str, host: str, *, needs_https: bool = False) -> bool:
    """Return whether `origin` and `host`, as in the headers, are the same origin.

    With `needs_https` a page without TLS is another origin, because somebody on the network may have changed it.
    """
    domain, _port = split_domain_port(host)
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    is_allowed = bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
    schemes = ("https",) if needs_https else ("http", "https")  # defense: page-tls
    return is_allowed and parts.scheme in schemes and parts.netloc.lower() == host.lower()
