from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.metrics.past_progress import read_progress
from apps.status.detail import detail_cache
from apps.status.queries import status_cache
from apps.status.readiness import readiness
from apps.status.stages import joined_channels, stages
from core.metrics.table import METRICS
from twitchly.clock import now_ms


@require_safe
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    return render(request, "status/status.html", status_context(request))


@require_safe
@never_cache
def now(request: HttpRequest) -> HttpResponse:
    """Render the live part of the page, which its script reloads."""
    return render(request, "status/_now.html", status_context(request))


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    missing = readiness.read()
    return JsonResponse({"ready": not missing, "missing": missing}, status=503 if missing else 200)


def status_context(request: HttpRequest) -> dict[str, Any]:
    """Return the template context; only staff get details of processes and channels."""
    at_ms = now_ms()
    try:
        status = status_cache.read(at_ms)
    except DatabaseError:
        return {"status": None, "now_ms": at_ms}
    wanted, confirmed = joined_channels(status.snapshot) or (None, None)
    is_staff = request.user.is_authenticated and request.user.is_staff
    return {
        "status": status,
        "now_ms": at_ms,
        "stages": stages(status.snapshot, [incident.rule for incident in status.open_incidents]),
        "wanted": wanted,
        "confirmed": confirmed,
        "is_staff": is_staff,
        "detail": detail_cache.read(at_ms) if is_staff else None,
        "metrics": METRICS,
        "simulated_past": read_progress(settings.VAR_DIR) if settings.TWITCH_IS_SIMULATED else None,
    }
