"""Who may look at what."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from apps.metrics.spans import BadSpan
from core.errors import NotFound, ServiceAway

View = Callable[..., HttpResponseBase]


def may_look(request: HttpRequest) -> bool:
    """Say whether the boards and charts are open to whoever asks."""
    return bool(settings.PUBLIC_BOARD) or request.user.is_authenticated


def sign_in_required(view: View) -> View:
    """Let a page lead to the sign-in first, unless the board is public."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if may_look(request):
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path())

    return guarded


def look_required(view: View) -> View:
    """Refuse what a script asks for without a sign-in, unless the board is public."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if may_look(request) else refused("Sign in to read this.", 401)

    return guarded


def account_required(view: View) -> View:
    """Refuse what a script asks for in nobody's name: what belongs to an account is never public."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_somebody = request.user.is_authenticated
        return view(request, *args, **kwargs) if is_somebody else refused("Sign in to keep notes.", 401)

    return guarded


def of_channel(view: View) -> View:
    """Let what a script asks of a channel end with the reason where there is no such channel, or no such time."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except BadSpan as error:
            return refused(str(error), 400)
        except NotFound as error:
            return refused(str(error), 404)
        except ServiceAway:
            return refused("This channel cannot be looked up just now. Try again soon.", 503)

    return guarded


def refused(reason: str, status: int) -> JsonResponse:
    """Return why a script does not get what it asked for."""
    return JsonResponse({"reason": reason}, status=status)
