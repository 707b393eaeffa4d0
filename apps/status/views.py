from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.status.detail import kept_detail
from apps.status.queries import kept
from apps.status.readiness import readiness
from apps.status.stages import joins, stages
from core.metrics.table import METRICS
from twitchly.clock import now_ms


@require_safe
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    return render(request, "status/status.html", status_context(request))


@require_safe
@never_cache
def now(request: HttpRequest) -> HttpResponse:
    """The part of the page that moves, for its script."""
    return render(request, "status/_now.html", status_context(request))


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    found = readiness.read()
    return JsonResponse({"ready": not found, "missing": found}, status=503 if found else 200)


def status_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the template names; only staff are told of processes and channels."""
    at_ms = now_ms()
    try:
        found = kept.read(at_ms)
    except DatabaseError:
        return {"status": None, "now_ms": at_ms}
    wanted, confirmed = joins(found.look)
    is_staff = request.user.is_authenticated and request.user.is_staff
    return {
        "status": found,
        "now_ms": at_ms,
        "stages": stages(found.look, [one.rule for one in found.lasting]),
        "wanted": wanted,
        "confirmed": confirmed,
        "is_staff": is_staff,
        "detail": kept_detail.read(at_ms) if is_staff else None,
        "metrics": METRICS,
    }
