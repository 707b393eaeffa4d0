"""Serves the admin on its own host only, and nothing else on that host.

It wraps every other ASGI application, so that no page, socket or API request bypasses it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http.request import split_domain_port

from twitchly.origin import Application

ADMIN = "/admin/"
# Paths that the admin needs too: sign-in and static files.
ADMIN_PATHS = (
    "/account/login/",
    "/account/logout/",
    "/account/confirm-email/",
    "/account/password/reset/",
    "/account/reauthenticate/",
    "/account/2fa/",
    "/account/inactive/",
    "/static/",
)
EVERYWHERE = ("/healthz", "/readyz", "/favicon.ico", "/robots.txt")


class AdminHost:
    """Responds with 404 to requests for the wrong host, and passes other requests to `application`."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = _host(scope) if "headers" in scope else ""
        if scope["type"] == "lifespan" or is_served(host, scope["path"], settings.ADMIN_HOST):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["path"] == "/" and host == settings.ADMIN_HOST:
            await _respond(send, 302, b"", location=ADMIN.encode())
        else:
            await _respond(send, 404, b"Page not found.\n")


async def _respond(send: Any, status: int, body: bytes, **headers: bytes) -> None:
    all_headers = [(b"content-type", b"text/plain"), *((name.encode(), value) for name, value in headers.items())]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


def is_served(host: str, path: str, admin_host: str) -> bool:
    """Return whether a host serves a path. If `admin_host` is "", all hosts serve everything."""
    is_admin = path.startswith(ADMIN) or path == ADMIN.rstrip("/")
    if not admin_host:
        return True
    if host != admin_host:
        return not is_admin  # defense: admin-host
    return is_admin or path.startswith(ADMIN_PATHS) or path in EVERYWHERE


def _host(scope: Any) -> str:
    """Return the host without its port, or "" if the header is invalid or repeated."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return split_domain_port(hosts[0])[0] if len(hosts) == 1 else ""
