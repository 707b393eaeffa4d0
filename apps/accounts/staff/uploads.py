"""Upload size limits: larger for signed-in staff who import decisions."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.urls import reverse

from twitchly.request_bodies import BODY_MAX_BYTES

# Files can have up to 256,000 bytes. The confirmation sends the text again, percent-encoded, which can triple its size.
IMPORT_MAX_BYTES = 1_000_000


async def body_max_bytes(scope: Any) -> int:
    """Return the maximum size of the body of an ASGI request."""
    is_import = scope["path"] == reverse("admin:channels_channel_import")
    may_be_large = is_import and await sync_to_async(_is_from_staff)(scope)  # defense: import-size
    return IMPORT_MAX_BYTES if may_be_large else BODY_MAX_BYTES


def _is_from_staff(scope: Any) -> bool:
    request = ASGIRequest({**scope, "query_string": b""}, BytesIO())
    sessions = import_module(settings.SESSION_ENGINE)
    request.session = sessions.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = get_user(request)
    return admin.site.has_permission(request)
