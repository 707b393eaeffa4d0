"""What was done about an opt-out, for whoever has the address of its receipt."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.audit.queries import proof_of
from apps.ingest.curation.receipts import find_opt_out
from apps.ingest.models import OptOut
from core.errors import NotFound
from core.topics import TOPIC

# What the tables of history are for people.
TABLES = {
    "live_window": "30 s windows of the past two days",
    "minute_window": "minutes",
    "hour_window": "hours",
    "channel_event": "events and gaps",
    "stream_summary": "summaries of broadcasts",
}


@require_safe
@never_cache
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    try:
        opt_out = find_opt_out(token)
    except NotFound as error:
        raise Http404(str(error)) from None
    proof = proof_of(opt_out.event)
    rows = [(TABLES.get(name, name), found, left) for name, found, left in proof.tables] if proof else []
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
