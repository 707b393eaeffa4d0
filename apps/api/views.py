"""API pages: usage and reference."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast, get_args

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.queries import user_of
from apps.api.description.reference import DEFAULT_LANGUAGE, LANGUAGES, problem_rows, sections
from apps.api.keys.queries import plan_of
from apps.api.scopes import SCOPE_DESCRIPTIONS
from apps.api.usage import Interval, UsagePoint, usage_points
from core.inputs.choices import read_choice

# The operation used as the quickstart example.
QUICKSTART = "get_board"


@require_safe
@never_cache
@login_required
def usage(request: HttpRequest) -> HttpResponse:
    """Show the usage of an account's keys; `by` is hour or day."""
    user, now = user_of(request), datetime.now(UTC)
    errors = list[str]()
    by = cast("Interval", read_choice(request.GET.dict(), "by", get_args(Interval), "hour", errors))
    for reason in errors:
        messages.error(request, reason)
    plan, points = plan_of(user), usage_points(user, by, now)
    day, today = usage_points(user, "hour", now)[-24:], usage_points(user, "day", now)[-1]
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
    return render(request, "api/usage.html", context, status=400 if errors else 200)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show the API reference, with examples in one language."""
    language = request.GET.get("in", DEFAULT_LANGUAGE)
    if language not in LANGUAGES:
        language = DEFAULT_LANGUAGE
    described = sections(request.build_absolute_uri("/"), language)
    first = next(operation for section in described for operation in section.operations if operation.id == QUICKSTART)
    context = {
        "sections": described,
        "first": first,
        "problems": problem_rows(),
        "scopes": list(SCOPE_DESCRIPTIONS.items()),
        "language": language,
        "languages": list(LANGUAGES.items()),
    }
    return render(request, "api/reference.html", context)


def _columns(points: list[UsagePoint]) -> list[list[int]]:
    return [
        [int(point.at.timestamp() * 1000) for point in points],
        [point.requests for point in points],
        [point.errors + point.limited for point in points],
    ]
