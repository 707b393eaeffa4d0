"""The pages about the API: what an account asked for, and the reference."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.queries import user_of
from apps.api.description.reference import DEFAULT_LANGUAGE, LANGUAGES, problems_shown, sections
from apps.api.keys.queries import plan_of
from apps.api.scopes import SAID
from apps.api.usage import Point, Span, usage_by


@require_safe
@never_cache
@login_required
def usage(request: HttpRequest) -> HttpResponse:
    """Show what the keys of an account were used for; `by` is hour or day."""
    user, now = user_of(request), datetime.now(UTC)
    by: Span = "day" if request.GET.get("by") == "day" else "hour"
    plan, points = plan_of(user), usage_by(user, by, now)
    day, today = usage_by(user, "hour", now)[-24:], usage_by(user, "day", now)[-1]
    context = {
        "by": by,
        "plan": plan,
        "points": points,
        "today": today,
        "share": round(100 * today.requests / plan.requests_per_day, 1),
        "errors": sum(point.errors for point in day),
        "limited": sum(point.limited for point in day),
        "is_empty": not any(point.requests for point in points),
        "script": {"by": by, "limit": plan.requests_per_day if by == "day" else None, "points": _columns(points)},
    }
    return render(request, "partners/usage.html", context)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show the description of the API, with examples in one language."""
    asked = request.GET.get("in", DEFAULT_LANGUAGE)
    language = asked if asked in LANGUAGES else DEFAULT_LANGUAGE
    context = {
        "sections": sections(request.build_absolute_uri("/"), language),
        "problems": problems_shown(),
        "scopes": list(SAID.items()),
        "language": language,
        "languages": list(LANGUAGES.items()),
    }
    return render(request, "partners/reference.html", context)


def _columns(points: list[Point]) -> list[list[int]]:
    return [
        [int(point.at.timestamp() * 1000) for point in points],
        [point.requests for point in points],
        [point.errors + point.limited for point in points],
    ]
