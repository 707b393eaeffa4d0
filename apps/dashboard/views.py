from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.dashboard.access import sign_in_required
from apps.dashboard.channel.context import channel_context
from apps.dashboard.channel.spans import BadSpan, asked_span
from apps.dashboard.choices import Choice, read_query
from apps.dashboard.freshness import NEED_VIEWERS
from apps.dashboard.method import method_context
from apps.dashboard.models import User
from apps.dashboard.queries import BoardPage, range_json, read_board_page, series_json
from apps.dashboard.readings import Row
from apps.dashboard.timeline import SHAPES
from apps.metrics.queries import RANGES
from core.broadcast import Broadcast
from core.channel_events import LABELS
from core.errors import NotFound
from core.history import SPAN_MAX_MS
from core.metrics import BOARDS, METRIC, METRICS, Metric
from core.records import EPOCH_MS
from twitchly.clock import now_ms

# The script clones rows of these and writes over all of them.
BLANK_ROW = Row("", "", "", "", 0, 1.0, 0, "fresh")
BLANK_STREAM = Broadcast("0", 0, 0, 0, 1.0)


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@sign_in_required
def board(request: HttpRequest) -> HttpResponse:
    now, choice, wrong = now_ms(), read_query(request.GET.dict()), ""
    try:
        choice = replace(choice, span=asked_span(request.GET.dict(), now))
    except BadSpan as error:
        wrong = str(error)
    try:
        page = read_board_page(choice, now)
    except NotFound as error:
        raise Http404(str(error)) from None
    return render(
        request, "dashboard/board.html", board_context(page, request.user, wrong), status=400 if wrong else 200
    )


@require_safe
def method(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/method.html", method_context())


def board_context(page: BoardPage, user: User | AnonymousUser, wrong: str) -> dict[str, Any]:
    """Return what the template of the board page names; `wrong` is what was wrong with the dates asked for."""
    choice, metric = page.choice, METRIC[page.choice.board]
    of_channel = channel_context(page, METRIC[choice.charted], user, wrong)
    shown = page.channel.profile.id if page.channel else None
    return of_channel | {
        "page": page,
        "metric": metric,
        "tabs": [tab(board, choice) for board in BOARDS],
        "ranges": [
            (r, choice.query(range=r.key, span=None), r.key == choice.range and not choice.span)
            for r in RANGES.values()
        ],
        "rows": [(row, choice.query(channel=row.id), row.id == shown) for row in page.rows],
        "back": choice.query(channel=None),
        "view": "channel" if choice.channel else "list",
        "script": script_data(page) | {"notes": of_channel["note_fields"]},
        "blank_row": BLANK_ROW,
        "blank_stream": BLANK_STREAM,
        "viewers_empty_it": page.viewers == "unknown" and choice.board in NEED_VIEWERS,
    }


def tab(board: Metric, choice: Choice) -> tuple[Metric, str, bool]:
    return board, choice.query(board=board.key, metric=None), board.key == choice.board


def script_data(page: BoardPage) -> dict[str, Any]:
    """Return what the script starts from, so that it need not ask for what the page already shows."""
    channel = page.channel
    return {
        "now_ms": page.now_ms,
        "newest_end_ms": page.newest_end_ms,
        "viewers_at_ms": page.viewers_at_ms,
        "viewer_limits": {"stale_s": settings.VIEWERS_STALE_S, "unknown_s": settings.VIEWERS_UNKNOWN_S},
        "choice": page.choice.as_json(),
        "shown": range_json(page.shown),
        "span_limits": {"earliest_ms": EPOCH_MS, "span_ms": SPAN_MAX_MS},
        "channel": channel.as_json() if channel else None,
        "series": series_json(channel.profile.id, page.series, page.now_ms) if channel and page.series else None,
        "metrics": {metric.key: metric_json(metric) for metric in METRICS},
        "ranges": {r.key: range_json(r) for r in RANGES.values()},
        "labels": dict(LABELS),
        "shapes": dict(SHAPES),
    }


def metric_json(metric: Metric) -> dict[str, Any]:
    return {
        "label": metric.label,
        "name": metric.name,
        "unit": metric.unit,
        "decimals": metric.decimals,
        "empty": metric.empty,
        "longer": metric.longer,
        "is_count": metric.is_count,
        "from_helix": metric.from_helix,
        "distinct": metric.distinct,
        "by_length": metric.by_length,
    }
