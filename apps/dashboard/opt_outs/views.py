"""The opt-out page, and receipts that anyone with the URL can open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.core import ratelimit
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.audit.queries import erasure_receipt
from apps.audit.services import actor_name
from apps.curation import opt_outs
from apps.curation.models import OptOut
from apps.curation.receipts import find_opt_out, token_of
from apps.dashboard.curation.forms import OptOutRequestForm
from core.errors import NotFound
from core.pipeline.topics import TOPIC

# Descriptions of the history tables.
TABLES = {
    "live_window": "30-second metrics of the past two days",
    "minute_window": "metrics per minute",
    "hour_window": "metrics per hour",
    "channel_day": "metrics per day",
    "channel_event": "events and gaps",
    "stream_summary": "summaries of broadcasts",
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """File an opt-out request. The response does not depend on whether the name exists."""
    form = OptOutRequestForm(request.POST if request.method == "POST" else None)
    status = 400 if form.errors else 200
    if form.is_valid():
        if ratelimit.consume(request, action="opt_out"):  # defense: opt-out-rate
            opt_outs.request_opt_out(**form.cleaned_data)
            login = form.cleaned_data["login"]
            messages.success(
                request, f"A curator will check the request for {login}. You do not need to do anything else."
            )
            return redirect("opt-out")
        form.add_error(None, "Too many requests from your network. Try again in an hour.")
        status = 429
    return render(request, "dashboard/opt_out.html", {"form": form, "account": _twitch_account(request)}, status=status)


@require_POST
@login_required
def by_twitch(request: HttpRequest) -> HttpResponse:
    """Opt out the connected Twitch account immediately."""
    twitch_account, kind = _twitch_account(request), request.POST.get("kind", "")
    if twitch_account is None or kind not in OptOut.Kind.values:
        messages.error(request, "Connect your Twitch account first, then choose what we should stop counting.")
        return redirect("opt-out")
    login = str(twitch_account.extra_data.get("login", ""))[:64]
    opted_out = opt_outs.opt_out(kind=kind, twitch_id=twitch_account.uid, login=login, by=actor_name(request.user))
    return redirect("opt-out-receipt", token_of(opted_out))


def _twitch_account(request: HttpRequest) -> Any:
    """Return the user's connected Twitch account, or None."""
    if not request.user.is_authenticated:
        return None
    return SocialAccount.objects.filter(user=request.user, provider="twitch").first()  # defense: opt-out-owner


@require_safe
@never_cache
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    try:
        opt_out = find_opt_out(token)
    except NotFound as error:
        raise Http404(str(error)) from None
    proof = erasure_receipt(opt_out.event)
    rows = [(TABLES.get(name, name), row_count, left) for name, row_count, left in proof.tables] if proof else []
    return render(
        request,
        "dashboard/receipt.html",
        {
            "opt_out": opt_out,
            "is_channel": opt_out.kind == OptOut.Kind.CHANNEL,
            "proof": proof,
            "rows": rows,
            "chat_gone_at": opt_out.created_at + timedelta(milliseconds=TOPIC["chat"].retention_ms),
        },
    )
