"""What is kept of whom, and on what terms the service is used: open to everybody."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.dashboard.policies.retention import kept_of_accounts, kept_of_chat, lasting
from core.pipeline.topics import TOPIC


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {
        "of_chat": kept_of_chat(),
        "of_accounts": kept_of_accounts(),
        "chat_kept": lasting(TOPIC["chat"].retention_ms),
        "session_kept": lasting(settings.SESSION_COOKIE_AGE * 1000),
    }
    return render(request, "policies/privacy.html", context)


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "policies/terms.html")
