from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.dashboard.channel.spans import BadSpan, Span, field_value, quick_picks, read_span
from apps.dashboard.choices import DEFAULT_RANGE, Choice, read_query
from apps.dashboard.freshness import NEED_VIEWERS
from apps.dashboard.method import method_context
from apps.dashboard.queries import BoardPage, find_profile, range_json, read_board_page, read_series, series_json
from apps.dashboard.readings import Row
from apps.dashboard.summary import Summary, summarise
from apps.dashboard.timeline import LINES_SHOWN, SHAPES, beside, lines_of, noted
from apps.metrics.queries import RANGES, Series
from core.channel_events import LABELS
from core.errors import NotFound, ServiceAway
from core.history import SPAN_MAX_MS
from core.metrics import BOARDS, METRIC, METRICS, Metric
from core.records import EPOCH_MS
from twitchly.clock import now_ms

TABLE_ROWS = 12
# The script clones a row of this and writes over all of it.
BLANK_ROW = Row("", "", "", "", 0, 1.0, 0, "fresh")

View = Callable[..., HttpResponseBase]


def may_look(request: HttpRequest) -> bool:
    return bool(settings.PUBLIC_BOARD) or request.user.is_authenticated


def sign_in_required(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if may_look(request):
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path())

    return guarded


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@sign_in_required
def board(request: HttpRequest) -> HttpResponse:
    now, choice, wrong = now_ms(), read_query(request.GET.dict()), ""
    try:
        choice = replace(choice, span=asked_span(request, now))
    except BadSpan as error:
        wrong = str(error)
    try:
        page = read_board_page(choice, now)
    except NotFound as error:
        raise Http404(str(error)) from None
    return render(request, "dashboard/board.html", board_context(page, wrong), status=400 if wrong else 200)


@require_safe
def method(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/method.html", method_context())


def asked_span(request: HttpRequest, now: int) -> Span | None:
    return read_span(request.GET.get("from", ""), request.GET.get("until", ""), now)


@require_safe
@never_cache
def channel_series(request: HttpRequest, channel_id: str) -> JsonResponse:
    if not may_look(request):
        return JsonResponse({"reason": "Sign in to read this chart."}, status=401)
    now, range_key = now_ms(), request.GET.get("range", DEFAULT_RANGE)
    if range_key not in RANGES:
        return JsonResponse({"reason": f"There is no such range. There are {', '.join(RANGES)}."}, status=400)
    try:
        shown = Choice(range=range_key, span=asked_span(request, now)).shown(now)
        find_profile(channel_id, now)
    except BadSpan as error:
        return JsonResponse({"reason": str(error)}, status=400)
    except NotFound as error:
        return JsonResponse({"reason": str(error)}, status=404)
    except ServiceAway:
        return JsonResponse({"reason": "This channel cannot be looked up just now. Try again soon."}, status=503)
    series = read_series(channel_id, shown, now)
    if series is None:
        return JsonResponse({"reason": "History cannot be read just now. Live figures still come."}, status=503)
    return JsonResponse(series_json(channel_id, series, now))


def board_context(page: BoardPage, wrong: str) -> dict[str, Any]:
    """Return what the template of the board page names; `wrong` is what was wrong with the span asked for."""
    choice, metric = page.choice, METRIC[page.choice.board]
    charted = METRIC[choice.charted]
    shown = page.channel.profile.id if page.channel else None
    return {
        "page": page,
        "metric": metric,
        "charted": charted,
        "metrics": METRICS,
        "tabs": [tab(board, choice) for board in BOARDS],
        "ranges": [
            (r, choice.query(range=r.key, span=None), r.key == choice.range and not choice.span)
            for r in RANGES.values()
        ],
        "range": page.shown,
        "wrong": wrong,
        "dates": dates_context(page),
        "rows": [(row, choice.query(channel=row.id), row.id == shown) for row in page.rows],
        "back": choice.query(channel=None),
        "view": "channel" if choice.channel else "list",
        "chart": chart_context(page.series, charted),
        "script": script_data(page),
        "blank_row": BLANK_ROW,
        "viewers_empty_it": page.viewers == "unknown" and choice.board in NEED_VIEWERS,
    }


def dates_context(page: BoardPage) -> dict[str, Any]:
    """Return what the date picker shows; its fields are empty while the chart goes up to now."""
    choice = page.choice
    return {
        "is_past": choice.span is not None,
        "from": field_value(choice.span.from_ms) if choice.span else "",
        "until": field_value(choice.span.until_ms) if choice.span else "",
        "now": field_value(page.now_ms),
        "live": choice.query(span=None),
        "picks": [(label, choice.query(span=pick)) for label, pick in quick_picks(page.now_ms)],
    }


def tab(board: Metric, choice: Choice) -> tuple[Metric, str, bool]:
    return board, choice.query(board=board.key, metric=None), board.key == choice.board


def chart_context(series: Series | None, metric: Metric) -> dict[str, Any]:
    if series is None:
        return {"summary": None, "table": [], "gaps": [], "lines": []}
    step = max(1, round(len(series.points) / TABLE_ROWS))
    summary: Summary = summarise(series, metric.key)
    lines = lines_of(series.marks, series.range.merge_ms)
    return {
        "summary": summary,
        "table": beside(series.points[::-1][::step], noted(series.marks, series.range.merge_ms)),
        "gaps": series.gaps[::-1],
        "lines": lines[:LINES_SHOWN],
    }


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
        "is_count": metric.is_count,
        "from_helix": metric.from_helix,
        "distinct": metric.distinct,
        "by_length": metric.by_length,
    }
