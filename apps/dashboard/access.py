"""Access rules for pages and JSON views, as decorators."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from apps.metrics.spans import BadSpan
from core.errors import NotFound, ServiceUnavailable

View = Callable[..., HttpResponseBase]

# The reasons sent with status 503 when Redis or Cassandra is unavailable.
LIVE_AWAY = "Live data is unavailable. Try again in a minute."
HISTORY_AWAY = "History is unavailable. Try again in a minute."


def may_read(request: HttpRequest) -> bool:
    """Return whether the visitor may read boards and charts."""
    return bool(settings.PUBLIC_BOARD) or request.user.is_authenticated


def sign_in_required(view: View) -> View:
    """Redirect to the sign-in page, unless the visitor is signed in or the board is public."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if may_read(request):
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path())

    return guarded


def login_required_json(view: View) -> View:
    """Return 401 as JSON, unless the visitor is signed in or the board is public."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if may_read(request) else json_error("Sign in to view this.", 401)

    return guarded


def account_required(view: View) -> View:
    """Return 401 as JSON, unless the visitor is signed in. Account data is never public, even if the board is."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_signed_in = request.user.is_authenticated
        return view(request, *args, **kwargs) if is_signed_in else json_error("Sign in to keep notes.", 401)

    return guarded


def handle_channel_errors(view: View) -> View:
    """Turn BadSpan, NotFound and ServiceUnavailable into JSON responses with status 400, 404 and 503."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except BadSpan as error:
            return json_error(str(error), 400)
        except NotFound as error:
            return json_error(str(error), 404)
        except ServiceUnavailable:
            return json_error("This channel cannot be looked up right now. Try again in a minute.", 503)

    return guarded


def wants_json(request: HttpRequest) -> bool:
    """Return whether a script sent the form, and thus shows the response in place."""
    return request.headers.get("Accept", "").startswith("application/json")


def json_error(reason: str, status: int) -> JsonResponse:
    """Return an error response with the reason."""
    return JsonResponse({"reason": reason}, status=status)
