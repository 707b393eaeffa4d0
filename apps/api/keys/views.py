"""The API keys page of an account."""

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
from apps.api.scopes import SCOPE_DESCRIPTIONS, Scope
from apps.api.usage import requests_in_past_day
from core.errors import NotFound, Refused
from core.inputs.numbers import parse_whole_number

DAYS = (30, 90, 365)
DEFAULT_DAYS = 90
DEFAULT_SCOPES = (Scope.READ_BOARDS, Scope.READ_SERIES)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def keys(request: HttpRequest) -> HttpResponse:
    """Show the keys. A POST creates a key, or the successor of `key`; only its response contains the secret."""
    if request.method != "POST":
        return render_keys(request)
    name, scopes, days = request.POST.get("name", ""), request.POST.getlist("scopes"), request.POST.get("days", "")
    replaced_id = request.POST.get("key", "")
    try:
        if replaced_id:
            created_key = services.rotate_key(key=_find(request, parse_whole_number(replaced_id)))
        else:
            # Without days, the key never expires; 0 and values that are not numbers are rejected.
            lifetime_days = (parse_whole_number(days) or 0) if days else None
            created_key = services.create_key(owner=user_of(request), name=name, scopes=scopes, days=lifetime_days)
    except Refused as error:
        return render_keys(request, {"error": str(error), "form": {"name": name, "scopes": scopes, "days": days}}, 400)
    return render_keys(request, {"created_key": created_key, "is_successor": bool(replaced_id)}, 201)


@require_POST
@never_cache
@login_required
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Revoke a key. No recent sign-in is required, because a revocation may be urgent and reveals nothing."""
    key = _find(request, key_id)
    services.revoke_key(key=key)
    messages.success(request, f"The key “{key.name}” ({key.prefix}…) was revoked and its connections were closed.")
    return redirect("api-keys")


def render_keys(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    user, now = user_of(request), datetime.now(UTC)
    requests = requests_in_past_day(user)
    form = {"name": "", "scopes": list(DEFAULT_SCOPES), "days": str(DEFAULT_DAYS)}
    context = {
        "rows": [(key, state_of(key, now), requests.get(key.pk, 0)) for key in keys_of(user)],
        "scopes": list(SCOPE_DESCRIPTIONS.items()),
        "days": DAYS,
        "plan": plan_of(user),
        "form": form,
        **(more or {}),
    }
    return render(request, "api/keys.html", context, status=status)


def _find(request: HttpRequest, key_id: int | None) -> ApiKey:
    if key_id is None:
        raise Http404("This is not an API key ID.")
    try:
        return find_key(user_of(request), key_id)
    except NotFound as error:
        raise Http404(str(error)) from None
