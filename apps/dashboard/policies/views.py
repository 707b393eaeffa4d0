"""Public pages: privacy policy and terms of use."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.dashboard.policies.retention import account_retention, chat_retention, duration_text
from core.pipeline.topics import TOPIC


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {
        "chat_rules": chat_retention(),
        "account_rules": account_retention(),
        "chat_retention": duration_text(TOPIC["chat"].retention_ms),
        "session_retention": duration_text(settings.SESSION_COOKIE_AGE * 1000),
    }
    return render(request, "policies/privacy.html", context)


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "policies/terms.html")
