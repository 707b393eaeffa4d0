"""The page of an account's keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.queries import user_of
from apps.api.keys import services
from apps.api.keys.queries import find_key, keys_of, plan_of, state_of
from apps.api.models import ApiKey
from apps.api.scopes import SAID, Scope
from apps.api.usage import requests_of_day
from core.errors import NotFound, Refused

DAYS = (30, 90, 365)
DEFAULT_DAYS = 90
DEFAULT_SCOPES = (Scope.READ_BOARDS, Scope.READ_SERIES)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def keys(request: HttpRequest) -> HttpResponse:
    """Show the keys; a POST makes one, or the successor of `key`. Its secret is on this answer and nowhere else."""
    if request.method != "POST":
        return shown(request)
    name, scopes, days = request.POST.get("name", ""), request.POST.getlist("scopes"), request.POST.get("days", "")
    replaced, lasts = request.POST.get("key", ""), int(days[:6]) if days.isdecimal() else None
    try:
        if replaced.isdecimal():
            made = services.rotate_key(key=_find(request, int(replaced)))
        else:
            made = services.create_key(owner=user_of(request), name=name, scopes=scopes, days=lasts)
    except Refused as error:
        return shown(request, {"wrong": str(error), "asked": {"name": name, "scopes": scopes, "days": days}}, 400)
    return shown(request, {"made": made, "is_successor": replaced.isdecimal()}, 201)


@require_POST
@never_cache
@login_required
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a key. Nobody is asked for a password first: it may be urgent, and it gives nothing away."""
    key = _find(request, key_id)
    services.revoke_key(key=key)
    messages.success(request, f"The key “{key.name}” ({key.prefix}…) is revoked, and what was open with it is closed.")
    return redirect("api-keys")


def shown(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    user, now = user_of(request), datetime.now(UTC)
    used = requests_of_day(user)
    asked = {"name": "", "scopes": list(DEFAULT_SCOPES), "days": str(DEFAULT_DAYS)}
    context = {
        "rows": [(key, state_of(key, now), used.get(key.pk, 0)) for key in keys_of(user)],
        "scopes": list(SAID.items()),
        "days": DAYS,
        "plan": plan_of(user),
        "asked": asked,
        **(more or {}),
    }
    return render(request, "partners/keys.html", context, status=status)


def _find(request: HttpRequest, key_id: int) -> ApiKey:
    try:
        return find_key(user_of(request), key_id)
    except NotFound as error:
        raise Http404(str(error)) from None
