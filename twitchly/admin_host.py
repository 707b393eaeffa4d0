"""The admin on a host of its own: nothing else is there, and it is nowhere else.

It stands before everything that answers, so that no page, socket or request to the API gets around it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http.request import split_domain_port

from twitchly.origin import Application

ADMIN = "/admin/"
# What the admin needs beside itself: the ways in, static files, and how the process does.
BESIDE = (
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
    """Answers 404 to what is asked of the wrong host; `application` answers all else."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = _host(scope) if "headers" in scope else ""
        if scope["type"] == "lifespan" or is_here(host, scope["path"], settings.ADMIN_HOST):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["path"] == "/" and host == settings.ADMIN_HOST:
            await _answer(send, 302, b"", location=ADMIN.encode())
        else:
            await _answer(send, 404, b"There is nothing at this address.\n")


async def _answer(send: Any, status: int, body: bytes, **headers: bytes) -> None:
    named = [(b"content-type", b"text/plain"), *((name.encode(), value) for name, value in headers.items())]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})


def is_here(host: str, path: str, admin_host: str) -> bool:
    """Say whether a path is served on a host; `admin_host` is "" where all hosts serve everything."""
    is_admin = path.startswith(ADMIN) or path == ADMIN.rstrip("/")
    if not admin_host:
        return True
    if host != admin_host:
        return not is_admin  # defense: admin-host
    return is_admin or path.startswith(BESIDE) or path in EVERYWHERE


def _host(scope: Any) -> str:
    """Return the host without its port; "" where the header is no host, or there are several."""
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return split_domain_port(named[0])[0] if len(named) == 1 else ""
