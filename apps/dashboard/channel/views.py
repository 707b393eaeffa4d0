"""JSON views for the channel page, and its broadcast pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.queries import user_of
from apps.dashboard.access import (
    account_required,
    handle_channel_errors,
    json_error,
    login_required_json,
    sign_in_required,
)
from apps.dashboard.channel import notes
from apps.dashboard.channel.peer_groups import peer_group_json, read_peer_groups
from apps.dashboard.channel.streams import read_stream, read_streams, streams_json
from apps.dashboard.channel.tracking import tracking_state
from apps.dashboard.channel.week import SHOWN, read_week, read_zone
from apps.dashboard.choices import DEFAULTS, parse_range
from apps.dashboard.queries import charted, find_profile, read_channels, read_series, series_json
from apps.dashboard.script import script_constants
from apps.dashboard.timeline import GROUP_LABELS, SHAPES, effects_of
from apps.live.directory import Profile
from apps.live.services import services_of
from apps.workspaces.models import Note
from core.channels.account import is_twitch_id
from core.errors import NotFound, ServiceUnavailable
from core.inputs.choices import read_choice, unknown_choice
from core.inputs.numbers import parse_whole_number
from core.metrics.table import METRIC
from core.pipeline.records import EPOCH_MS
from twitchly.clock import now_ms

AWAY = "History is unavailable."
# Exports on a stream's page, with their labels.
STREAM_EXPORTS = (("windows", "Windows"), ("events", "Events"))
# Larger numbers are not valid times.
MS_MAX = 10**15


@require_safe
@never_cache
@login_required_json
@handle_channel_errors
def series(request: HttpRequest, channel_id: str) -> HttpResponseBase:
    now, metric = now_ms(), request.GET.get("metric", DEFAULTS["board"])
    if metric not in METRIC:
        return json_error(unknown_choice("metric", metric, METRIC), 400)
    chart_range = parse_range(request.GET.dict(), now)
    find_profile(channel_id, now)
    series_read = read_series(channel_id, chart_range, now, charted(metric))
    if series_read is None:
        return json_error(f"{AWAY} Live data is not affected.", 503)
    reading = read_channels(services_of(request).boards, [channel_id], now)
    channel = reading.channels.get(channel_id) if reading else None
    # orjson, because a day of live windows is hundreds of kilobytes of numbers.
    body = orjson.dumps(series_json(channel_id, series_read, channel, now, effects_of(series_read)))
    return HttpResponse(body, content_type="application/json")


@require_safe
@never_cache
@login_required_json
def peer_groups(request: HttpRequest, channel_id: str) -> JsonResponse:
    metric = request.GET.get("metric", "")
    if metric not in METRIC:
        return json_error(unknown_choice("metric", metric, METRIC), 400)
    groups = read_peer_groups(services_of(request).channels, channel_id, metric, now_ms())
    tracking = tracking_state(channel_id).as_json()
    return JsonResponse(
        {"metric": metric, "peer_groups": [peer_group_json(group) for group in groups], "tracking": tracking}
    )


@require_safe
@never_cache
@login_required_json
def streams_part(request: HttpRequest, channel_id: str) -> JsonResponse:
    page = read_streams(channel_id, read_before(request))
    return json_error(AWAY, 503) if page is None else JsonResponse(streams_json(channel_id, page))


@require_safe
@never_cache
@sign_in_required
def streams(request: HttpRequest, channel_id: str) -> HttpResponse:
    before_ms = read_before(request)
    page = read_streams(channel_id, before_ms)
    context = {"profile": profile_of(channel_id), "streams": page, "is_first": before_ms is None}
    return render(request, "dashboard/streams.html", context, status=503 if page is None else 200)


@require_safe
@never_cache
@sign_in_required
def stream(request: HttpRequest, channel_id: str, started_ms: int) -> HttpResponse:
    profile, page = profile_of(channel_id), None
    try:
        page = read_stream(channel_id, started_ms, now_ms()) if EPOCH_MS <= started_ms < MS_MAX else None
    except NotFound as error:
        raise Http404(str(error)) from None
    except ServiceUnavailable:
        return render(request, "dashboard/stream.html", {"profile": profile, "started_ms": started_ms}, status=503)
    if page is None:
        raise Http404("No stream started at that time.")
    context = {
        "profile": profile,
        "started_ms": started_ms,
        "page": page,
        "exports": STREAM_EXPORTS,
        "event_groups": [(group, label) for group, label in GROUP_LABELS if group != "notes"],
        "script": {
            "constants": script_constants() | {"shapes": dict(SHAPES)},
            "name": profile.name,
            "chart": page.chart.columns if page.chart else None,
        },
    }
    return render(request, "dashboard/stream.html", context)


@require_safe
@never_cache
@sign_in_required
def week(request: HttpRequest, channel_id: str) -> HttpResponse:
    """Render a channel's typical week: its page or, with `part`, only the content of its panel."""
    errors: list[str] = []
    key = read_choice(request.GET.dict(), "metric", [shown.key for shown in SHOWN], SHOWN[0].key, errors)
    metric = METRIC[key]
    zone = read_zone(request.GET.get("zone", "UTC"))
    profile = profile_of(channel_id)
    context = {
        "profile": profile,
        "week": read_week(services_of(request), channel_id, metric, zone, now_ms()),
        "week_metrics": SHOWN,
        "week_metric": metric,
        "is_week_page": True,
        "error": " ".join(errors),
    }
    template = "dashboard/_week.html" if "part" in request.GET else "dashboard/week.html"
    status = 400 if errors else 503 if context["week"] is None else 200
    return render(request, template, context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@account_required
def notes_list(request: HttpRequest, channel_id: str) -> HttpResponseBase:
    """List the user's notes on a channel, or create one."""
    if request.method != "POST":
        return JsonResponse({"notes": [notes.note_json(note) for note in notes.notes_of(user_of(request), channel_id)]})
    if not is_twitch_id(channel_id):
        return json_error("This channel does not exist.", 404)
    return note_response(
        lambda: notes.add_note(user=user_of(request), channel_id=channel_id, **note_fields(request), now_ms=now_ms()),
        201,
    )


@require_POST
@never_cache
@account_required
def note(request: HttpRequest, channel_id: str, note_id: int) -> HttpResponseBase:
    user, now = user_of(request), now_ms()
    return note_response(
        lambda: notes.change_note(user=user, channel_id=channel_id, note_id=note_id, **note_fields(request), now_ms=now)
    )


@require_POST
@never_cache
@account_required
def note_delete(request: HttpRequest, channel_id: str, note_id: int) -> HttpResponseBase:
    try:
        undo = notes.delete_note(user=user_of(request), channel_id=channel_id, note_id=note_id)
    except NotFound as error:
        return json_error(str(error), 404)
    return JsonResponse({"undo": undo})


@require_POST
@never_cache
@account_required
def note_restore(request: HttpRequest, channel_id: str) -> HttpResponseBase:
    undo = request.POST.get("undo", "")
    return note_response(lambda: notes.restore_note(user=user_of(request), channel_id=channel_id, undo=undo))


def note_response(write: Callable[[], Note], status: int = 200) -> JsonResponse:
    try:
        return JsonResponse(notes.note_json(write()), status=status)
    except notes.BadNote as error:
        return json_error(str(error), 400)
    except NotFound as error:
        return json_error(str(error), 404)


def note_fields(request: HttpRequest) -> dict[str, Any]:
    """Return the submitted time and text of a note; a missing time becomes 0, which is never valid."""
    return {"at_ms": read_ms(request.POST.get("at_ms", "")) or 0, "text": request.POST.get("text", "")}


def read_before(request: HttpRequest) -> int | None:
    return read_ms(request.GET.get("before", ""))


def read_ms(text: str) -> int | None:
    at_ms = parse_whole_number(text)
    return at_ms if at_ms is not None and at_ms < MS_MAX else None


def profile_of(channel_id: str) -> Profile:
    try:
        return find_profile(channel_id, now_ms())
    except NotFound as error:
        raise Http404(str(error)) from None
    except ServiceUnavailable:
        return Profile(channel_id, "", f"channel {channel_id}")
