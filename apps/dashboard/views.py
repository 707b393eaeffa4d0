from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.dashboard.choices import BOARD_KEYS, DEFAULT_BOARD, DEFAULT_RANGE, DEFAULTS, SIZES, Choice, read_query
from apps.dashboard.forms import AskForm
from apps.dashboard.freshness import NEED_VIEWERS
from apps.dashboard.method import method_context
from apps.dashboard.models import CurationRequest, User
from apps.dashboard.queries import BoardPage, find_profile, read_board_page, read_series, series_json
from apps.dashboard.readings import Row
from apps.dashboard.search import TEXT_MAX, find_channels, hits_json
from apps.dashboard.services import NotAsked, ask_for_channel
from apps.dashboard.summary import Summary, summarise
from apps.dashboard.templatetags.figures import LENGTHS
from apps.dashboard.timeline import LINES_SHOWN, SHAPES, beside, lines_of, noted
from apps.metrics.queries import RANGES, Range, Series
from core.bands import BANDS
from core.channel_events import LABELS
from core.errors import NotFound, ServiceAway
from core.metrics import BOARDS, METRIC, METRICS, Metric
from twitchly.clock import now_ms

TABLE_ROWS = 12
# The script clones a row of this and writes over all of it.
BLANK_ROW = Row("", "", "", "", "", 0, 1.0, 0, "live", None, False, "")

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
    try:
        page = read_board_page(read_query(request.GET.dict()), now_ms())
    except NotFound as error:
        return render(request, "dashboard/unknown.html", {"reason": str(error), "form": AskForm()}, status=404)
    return render(request, "dashboard/board.html", board_context(page))


@require_safe
@never_cache
@sign_in_required
def find(request: HttpRequest) -> HttpResponse:
    text, metric = request.GET.get("q", "").strip(), request.GET.get("board", DEFAULT_BOARD)
    try:
        hits, is_away = find_channels(text, metric if metric in BOARD_KEYS else DEFAULT_BOARD, now_ms()), False
    except ServiceAway:
        hits, is_away = [], True
    found = {"text": text[:TEXT_MAX], "hits": hits, "is_away": is_away}
    return render(request, "dashboard/find.html", {"found": found, "form": AskForm()}, status=503 if is_away else 200)


@require_safe
@never_cache
def find_json(request: HttpRequest) -> JsonResponse:
    if not may_look(request):
        return JsonResponse({"reason": "Sign in to search."}, status=401)
    metric = request.GET.get("board", DEFAULT_BOARD)
    if metric not in BOARD_KEYS:
        return JsonResponse({"reason": f"There is no such board. There are {', '.join(BOARD_KEYS)}."}, status=400)
    try:
        hits = find_channels(request.GET.get("q", ""), metric, now_ms())
    except ServiceAway:
        return JsonResponse({"reason": "Nothing can be found just now. Try again soon."}, status=503)
    return JsonResponse({"channels": hits_json(hits)})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def ask(request: HttpRequest) -> HttpResponse:
    """Ask the curators for a channel that is not followed."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  login_required sees to it
    form = AskForm(request.POST) if request.method == "POST" else AskForm()
    if form.is_bound and form.is_valid():
        try:
            ask_for_channel(user=user, **form.cleaned_data)
        except NotAsked as error:
            form.add_error("login", str(error))
        else:
            messages.success(request, f"The curators will see that you asked for {form.cleaned_data['login']}.")
            return redirect("ask")
    asked = CurationRequest.objects.filter(user=user, closed_at=None)
    return render(request, "dashboard/ask.html", {"form": form, "asked": asked}, status=400 if form.errors else 200)


@require_safe
def method(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/method.html", method_context())


@require_safe
@never_cache
def channel_series(request: HttpRequest, channel_id: str) -> JsonResponse:
    if not may_look(request):
        return JsonResponse({"reason": "Sign in to read this chart."}, status=401)
    now, range_key = now_ms(), request.GET.get("range", DEFAULT_RANGE)
    if range_key not in RANGES:
        return JsonResponse({"reason": f"There is no such range. There are {', '.join(RANGES)}."}, status=400)
    try:
        find_profile(channel_id, now)
    except NotFound as error:
        return JsonResponse({"reason": str(error)}, status=404)
    except ServiceAway:
        return JsonResponse({"reason": "This channel cannot be looked up just now. Try again soon."}, status=503)
    series = read_series(channel_id, range_key, now)
    if series is None:
        return JsonResponse({"reason": "History cannot be read just now. Live figures still come."}, status=503)
    return JsonResponse(series_json(channel_id, series, now))


def board_context(page: BoardPage) -> dict[str, Any]:
    """Return what the template of the board page names."""
    metric = METRIC[page.choice.board.metric]
    shown = page.channel.profile.id if page.channel else None
    return {
        "page": page,
        "metric": metric,
        "tabs": [tab(board, page.choice) for board in BOARDS],
        "ranges": [(r, page.choice.query(range=r.key), r.key == page.choice.range) for r in RANGES.values()],
        "range": RANGES[page.choice.range],
        **board_controls(page),
        "rows": [(row, page.choice.query(channel=row.id), row.id == shown) for row in page.rows],
        "back": page.choice.query(channel=""),
        "view": "channel" if page.choice.channel else "list",
        "chart": chart_context(page.series, metric),
        "script": script_data(page),
        "blank_row": BLANK_ROW,
        "viewers_empty_it": page.viewers == "unknown" and page.choice.board.metric in NEED_VIEWERS,
    }


def board_controls(page: BoardPage) -> dict[str, Any]:
    """Return what the sizes, the filters and the list itself need."""
    choice, size = page.choice, page.choice.board.size
    filters = ("category", "language", "band")
    kept = choice.names().items()
    return {
        "sizes": [(one, choice.query(size=str(one)), one == size) for one in SIZES],
        "places": size if len(page.rows) > SIZES[0] else SIZES[0],
        "bands": BANDS,
        "kept": [(name, value) for name, value in kept if name not in filters and value != DEFAULTS[name]],
        "unfiltered": choice.query(**dict.fromkeys(filters, "")),
    }


def tab(board: Metric, choice: Choice) -> tuple[Metric, str, bool]:
    return board, choice.query(board=board.key), board.key == choice.board.metric


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
        "choice": page.choice.names(),
        "channel": channel.as_json() if channel else None,
        "series": series_json(channel.profile.id, page.series, page.now_ms) if channel and page.series else None,
        "metrics": {metric.key: metric_json(metric) for metric in METRICS},
        "ranges": {r.key: range_json(r) for r in RANGES.values()},
        "labels": dict(LABELS),
        "shapes": dict(SHAPES),
    }


def range_json(shown: Range) -> dict[str, Any]:
    return {
        "label": shown.label,
        "span_ms": shown.span_ms,
        "step_ms": shown.step_ms,
        "merge_ms": shown.merge_ms,
        "length": LENGTHS[shown.grain],
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
