"""CSV import of decisions: previewed first, and applied after confirmation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.audit.services import actor_name
from apps.channels.models import Channel
from apps.curation.decisions import decide
from apps.curation.sheets import COLUMNS, MAX_BYTES, MAX_LINES, Plan, build_plan, read_text
from apps.dashboard.curation.forms import ImportForm
from apps.ingest import services
from core.errors import Refused, ServiceUnavailable, TwitchlyError

TEMPLATE = "admin/channels/channel/import.html"


def import_sheet(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Render the import page or apply the import; `context` is the admin's common context."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    context |= {
        "title": "Import decisions from CSV",
        "opts": Channel._meta,
        "columns": COLUMNS,
        "max_bytes": MAX_BYTES,
        "max_lines": MAX_LINES,
        "form": form,
    }
    try:
        text = _text(request, form)
        if text is None:
            return TemplateResponse(request, TEMPLATE, context)
        plan = build_plan(text, look_up=services.find_users, now=timezone.now())
        if request.POST.get("digest") == plan.digest:
            messages.success(request, _apply(request, plan))
            return redirect("admin:channels_channel_changelist")
    except Refused as error:
        return TemplateResponse(request, TEMPLATE, context | {"error": str(error)}, status=400)
    except ServiceUnavailable:
        message = "Twitch is not responding and some of the channels are unknown, so nothing was changed."
        return TemplateResponse(request, TEMPLATE, context | {"error": message}, status=503)
    except TwitchlyError as error:
        return TemplateResponse(
            request, TEMPLATE, context | {"error": f"Twitch refused the lookup: {error}"}, status=502
        )
    context |= {"plan": plan, "text": text, "has_changed": "digest" in request.POST}
    return TemplateResponse(request, TEMPLATE, context)


def _text(request: HttpRequest, form: ImportForm) -> str | None:
    """Return the uploaded or previewed text, or None without one. Raises: Refused."""
    if request.method != "POST":
        return None
    if "text" in request.POST:
        return read_text(request.POST["text"].encode())
    return read_text(form.cleaned_data["sheet"].read(MAX_BYTES + 1)) if form.is_valid() else None


@transaction.atomic
def _apply(request: HttpRequest, plan: Plan) -> str:
    """Apply the plan in one transaction; return the success message. Raises: Refused."""
    by, now = actor_name(request.user), timezone.now()
    changed = sum(decide(change.channel, change.after, by=by, now=now) for change in plan.changes)
    return f"Channels changed: {changed}. Invalid lines skipped: {len(plan.invalid)}."
