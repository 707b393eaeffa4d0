"""HTTPS enforcement: HSTS for all responses, and no WebSockets without TLS."""

from __future__ import annotations

from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings

from twitchly.origin import Application

HSTS = b"strict-transport-security"


class StrictTransport:
    """Adds HSTS to responses over HTTPS, and refuses WebSockets without TLS if HTTPS_ONLY is set.

    Django redirects page requests without TLS, and the API refuses them.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket" and settings.HTTPS_ONLY and scope.get("scheme") != "wss":  # defense: socket-tls
            await WebsocketDenier()(scope, receive, send)
        elif scope["type"] == "http" and settings.SECURE_HSTS_SECONDS and scope.get("scheme") == "https":
            await self._application(scope, receive, _with_hsts(send))
        else:
            await self._application(scope, receive, send)


def _with_hsts(send: Any) -> Any:
    async def send_with_hsts(message: Any) -> None:
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", ()) if name.lower() != HSTS]
            message = {**message, "headers": [*others, (HSTS, _policy().encode())]}  # defense: hsts
        await send(message)

    return send_with_hsts


def _policy() -> str:
    subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    return f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}"
