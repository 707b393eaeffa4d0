from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import User
from apps.accounts.queries import user_of
from apps.curation.requests import ChannelRequestError, request_channel
from apps.dashboard.access import json_error, login_required_json, may_read, sign_in_required
from apps.dashboard.channel.context import channel_context
from apps.dashboard.choices import DEFAULTS, Choice, read_query
from apps.dashboard.forms import ChannelRequestForm, request_form
from apps.dashboard.front.views import front_page
from apps.dashboard.methodology import methodology_context
from apps.dashboard.queries import BoardPage, range_json, read_board_page, series_json
from apps.dashboard.script import UPDATES, board_constants
from apps.dashboard.search import find_channels, hits_json
from apps.dashboard.welcome.queries import STEPS, is_new, open_visit
from apps.live.board import FILTERS, SIZES
from apps.live.display import channel_json, row_display
from apps.live.freshness import NEED_VIEWERS
from apps.live.readings import Row
from apps.live.services import LiveServices, services_of
from apps.metrics.chart_ranges import RANGES, named_range
from apps.metrics.spans import BadSpan, span_from_query
from apps.workspaces.queries import watching
from core.channels.address import InvalidChannel
from core.channels.stream import NAME_MAX
from core.errors import NotFound, ServiceUnavailable
from core.inputs.readable_text import one_line
from core.metrics.bands import BANDS
from core.metrics.broadcasts import Broadcast
from core.metrics.table import BOARDS, METRIC, Metric
from core.metrics.windows import BOARD_WINDOW_LABEL
from twitchly.clock import now_ms

# The script clones the table rows that are rendered from these placeholders, and replaces all values.
BLANK_ROW = Row("", "", "", "", "", "", 0, 1.0, 0, "live", None, False, "", 0)
BLANK_STREAM = Broadcast("0", 0, 0, 0, 1.0)


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def board(request: HttpRequest) -> HttpResponse:
    """Render the board. Visitors without access get the front page, or the sign-in page if they requested a view."""
    if not may_read(request):
        return redirect_to_login(request.get_full_path()) if request.GET else front_page(request)
    if not request.GET and is_new(request.user):
        return redirect("welcome")
    now, choice, error_text = now_ms(), read_query(request.GET.dict()), ""
    try:
        choice = replace(choice, span=span_from_query(request.GET.dict(), now))
    except BadSpan as error:
        error_text = str(error)
    for reason in choice.errors:
        messages.error(request, reason)
    live = services_of(request)
    try:
        page = read_board_page(live, choice, now)
    except NotFound as error:
        return render(request, "dashboard/unknown.html", {"reason": str(error), "form": request_form()}, status=404)
    return render(
        request,
        "dashboard/board.html",
        board_context(live, page, request.user, error_text),
        status=400 if error_text or choice.errors else 200,
    )


@require_safe
@never_cache
@sign_in_required
def find(request: HttpRequest) -> HttpResponse:
    text, choice = request.GET.get("q", "").strip(), read_query(request.GET.dict())
    if choice.errors:
        return _results_page(request, text, 400, error=" ".join(choice.errors))
    try:
        hits = find_channels(text, choice.board, now_ms())
    except ServiceUnavailable:
        return _results_page(request, text, 503, is_away=True)
    except InvalidChannel as error:
        return _results_page(request, text, 400, error=str(error))
    return _results_page(request, text, 200, hits=hits)


def _results_page(request: HttpRequest, text: str, status: int, **found: Any) -> HttpResponse:
    context = {"found": {"text": one_line(text, NAME_MAX), **found}, "form": request_form(text)}
    return render(request, "dashboard/find.html", context, status=status)


@require_safe
@never_cache
@login_required_json
def find_json(request: HttpRequest) -> JsonResponse:
    choice = read_query(request.GET.dict())
    if choice.errors:
        return json_error(" ".join(choice.errors), 400)
    try:
        hits = find_channels(request.GET.get("q", ""), choice.board, now_ms())
    except ServiceUnavailable:
        return json_error("Search is unavailable. Try again in a minute.", 503)
    except InvalidChannel as error:
        return json_error(str(error), 400)
    return JsonResponse({"channels": hits_json(hits)})


@require_safe
@never_cache
@login_required_json
def span_json(request: HttpRequest) -> JsonResponse:
    """Return the reason why a chart cannot show a span, or "" if it can."""
    try:
        span_from_query(request.GET.dict(), now_ms())
    except BadSpan as error:
        return JsonResponse({"reason": str(error)})
    return JsonResponse({"reason": ""})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def ask(request: HttpRequest) -> HttpResponse:
    """File a request to track a channel; `login` in the query fills the form."""
    user = user_of(request)
    is_sent = request.method == "POST"
    form = ChannelRequestForm(request.POST) if is_sent else request_form(request.GET.get("login", ""))
    if form.is_bound and form.is_valid():
        try:
            request_channel(user=user, **form.cleaned_data)
        except ChannelRequestError as error:
            form.add_error("login", str(error))
        else:
            messages.success(request, f"Requested {form.cleaned_data['login']}. The curators will decide.")
            return redirect("requests")
    return render(request, "dashboard/ask.html", {"form": form}, status=400 if form.errors else 200)


@require_safe
def methodology(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/methodology.html", methodology_context())


def board_context(live: LiveServices, page: BoardPage, user: User | AnonymousUser, error_text: str) -> dict[str, Any]:
    """Return the context of the board page; `error_text` is the message about invalid dates, or ""."""
    choice, metric = page.choice, METRIC[page.choice.board.metric]
    channel_fields = channel_context(live, page, METRIC[choice.charted], user, error_text)
    channel_id = page.channel.profile.id if page.channel else None
    return channel_fields | {
        "page": page,
        "metric": metric,
        "tabs": [tab(board, choice) for board in BOARDS],
        "ranges": [
            (r, choice.query(range=r.key, span=None), r.key == choice.range and not choice.span)
            for r in RANGES.values()
        ],
        **board_controls(page),
        "rows": [
            (row, row_display(row, metric.key, page.newest_end_ms), choice.query(channel=row.id), row.id == channel_id)
            for row in page.rows
        ],
        "back": choice.query(channel=""),
        "board_query": Choice(choice.board, window=choice.board.window).query(),
        "export_query": choice.query(channel=channel_id or "").removeprefix("?"),
        "watching": watching(user),
        "first_visit": open_visit(user),
        "first_steps": STEPS,
        "view": "channel" if choice.channel else "list",
        "script": script_data(page, channel_fields["chart"]["effects"]) | {"notes": channel_fields["note_fields"]},
        "blank_row": BLANK_ROW,
        "blank_display": row_display(BLANK_ROW, metric.key, None),
        "blank_stream": BLANK_STREAM,
        "lacks_viewers": page.display.viewers == "unknown" and choice.board.metric in NEED_VIEWERS,
    }


def board_controls(page: BoardPage) -> dict[str, Any]:
    """Return the context of the window, size and filter controls, the definitions and the list."""
    choice, size = page.choice, page.choice.board.size
    shown = (choice.board.metric, choice.board.window)
    parameters = choice.parameters().items()
    return {
        "updates": UPDATES[choice.board.window],
        "windows": [
            (window, label, choice.query(window=window), window == choice.board.window)
            for window, label in BOARD_WINDOW_LABEL.items()
        ],
        "definitions": [
            (metric, window, metric.definition_over(window), (metric.key, window) == shown)
            for metric in BOARDS
            for window in metric.windows
        ],
        "sizes": [(option, choice.query(size=str(option)), option == size) for option in SIZES],
        "ranks": size if len(page.rows) > SIZES[0] else SIZES[0],
        "bands": BANDS,
        "hidden_fields": [
            (name, value) for name, value in parameters if name not in FILTERS and value != DEFAULTS[name]
        ],
        "unfiltered": choice.query(**dict.fromkeys(FILTERS, "")),
    }


def tab(board: Metric, choice: Choice) -> tuple[Metric, str, bool]:
    return board, choice.query(board=board.key, metric=""), board.key == choice.board.metric


def script_data(page: BoardPage, effects: Mapping[str, str]) -> dict[str, Any]:
    """Return the initial state of the script, which is the data of the rendered page."""
    channel = page.channel
    return {
        "now_ms": page.now_ms,
        "newest_end_ms": page.newest_end_ms,
        "viewers_at_ms": page.viewers_at_ms,
        "display": asdict(page.display),
        "choice": page.choice.parameters(),
        "shown": range_json(page.chart_range),
        "channel": channel_json(channel) if channel else None,
        "series": series_json(channel.profile.id, page.series, channel, page.now_ms, effects)
        if channel and page.series
        else None,
        "ranges": {key: range_json(named_range(key, page.now_ms)) for key in RANGES},
        "constants": board_constants(),
    }
