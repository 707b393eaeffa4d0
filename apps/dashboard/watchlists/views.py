"""Watchlist views: pages and forms that work without JavaScript, and JSON for the script."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.queries import user_of
from apps.curation.queries import named_channel
from apps.dashboard.access import HISTORY_AWAY, json_error, wants_json
from apps.dashboard.compare.comparison import CHANNELS_MAX, COMPARED, Comparison
from apps.dashboard.script import script_constants
from apps.dashboard.watchlists.page import DEFAULT_METRIC, read_cards, read_metric, read_paths
from apps.live.services import services_of
from apps.workspaces import services
from apps.workspaces.models import Watchlist
from apps.workspaces.queries import channels_of, find_watchlist, lists_containing, lists_with, watchlists_of
from core.errors import NotFound, Refused
from core.inputs.choices import read_choice
from core.inputs.numbers import parse_whole_number
from core.metrics.table import BOARDS, METRIC
from twitchly.clock import now_ms

CARDS, TABLE = "cards", "table"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """List all watchlists; POST creates one."""
    user, name, error_text = user_of(request), request.POST.get("name", ""), ""
    if request.method == "POST":
        try:
            return redirect("watchlist", services.create(owner=user, name=name).pk)
        except Refused as error:
            error_text = str(error)
    lists = watchlists_of(user)
    context = {"lists": lists, "name": name, "error": error_text, "lists_max": services.LISTS_MAX}
    return render(request, "dashboard/watchlists.html", context, status=400 if error_text else 200)


@require_safe
@never_cache
@login_required
def watchlist(request: HttpRequest, watchlist_id: int) -> HttpResponse:
    """Render a watchlist as cards, or with `view=table` as a table."""
    return _list_page(request, _find(request, watchlist_id))


@require_POST
@login_required
def add(request: HttpRequest, watchlist_id: int) -> HttpResponse:
    """Add the channel with the id `channel`, which a suggestion fills in, or else the channel named in `q`."""
    watched_list, text = _find(request, watchlist_id), request.POST.get("q", "").strip()
    try:
        channel_id = request.POST.get("channel", "") or named_channel(text).id
        services.add(owner=user_of(request), channel_id=channel_id, watchlist=watched_list)
    except Refused as error:
        return _list_page(request, watched_list, text, str(error))
    (metric, _), view = metric_of(request), view_of(request, [])
    return HttpResponseRedirect(_address(watched_list, metric, view))


def _list_page(request: HttpRequest, watched_list: Watchlist, name: str = "", problem: str = "") -> HttpResponse:
    """Render a watchlist. `name` is the text in the field that adds a channel; `problem` is why it was rejected."""
    (metric, errors), now = metric_of(request), now_ms()
    view = view_of(request, errors)
    for reason in errors:
        messages.error(request, reason)
    channel_ids = channels_of(watched_list)
    context = {
        "list": watched_list,
        "page": read_cards(services_of(request), channel_ids, metric, now),
        "now_ms": now,
        "metric": METRIC[metric],
        "boards": BOARDS,
        "view": view,
        "here": _address(watched_list, metric, view),
        "views": [
            (label, _address(watched_list, metric, key), key == view)
            for key, label in ((CARDS, "Cards"), (TABLE, "Table"))
        ],
        "name": name,
        "problem": problem,
        "shared": urlencode({"list": watched_list.pk, "metric": metric}),
        "compare": _comparison(channel_ids, metric),
        "compared_max": CHANNELS_MAX,
        "script": {
            "lines_url": f"{reverse('watchlist-lines', args=[watched_list.pk])}?metric={metric}",
            "order_url": reverse("watchlist-order", args=[watched_list.pk]),
            "channels": channel_ids,
            "constants": script_constants(),
            "now_ms": now,
        },
    }
    return render(request, "dashboard/watchlist.html", context, status=400 if errors or problem else 200)


def view_of(request: HttpRequest, errors: list[str]) -> str:
    """Return the requested view; an unknown view is reported in `errors`."""
    return read_choice(request.GET.dict(), "view", (CARDS, TABLE), CARDS, errors)


def _address(watched_list: Watchlist, metric: str, view: str) -> str:
    changed = {
        name: value
        for name, value, default in (("metric", metric, DEFAULT_METRIC), ("view", view, CARDS))
        if value != default
    }
    return reverse("watchlist", args=[watched_list.pk]) + (f"?{urlencode(changed)}" if changed else "")


@require_safe
@never_cache
@login_required
def lines(request: HttpRequest, watchlist_id: int) -> JsonResponse:
    """Return the sparkline of each channel's past hour: `{"paths": {id: path}}`."""
    watched_list, (metric, errors) = _find(request, watchlist_id), metric_of(request)
    if errors:
        return json_error(" ".join(errors), 400)
    paths = read_paths(channels_of(watched_list), metric, now_ms())
    if paths is None:
        return json_error(HISTORY_AWAY, 503)
    return JsonResponse({"paths": paths})


@require_POST
@login_required
def rename(request: HttpRequest, watchlist_id: int) -> HttpResponseRedirect:
    watched_list = _find(request, watchlist_id)
    try:
        services.rename(watchlist=watched_list, name=request.POST.get("name", ""))
    except Refused as error:
        messages.error(request, str(error))
    return redirect("watchlist", watched_list.pk)


@require_POST
@login_required
def delete(request: HttpRequest, watchlist_id: int) -> HttpResponseRedirect:
    watched_list = _find(request, watchlist_id)
    name, undo = watched_list.name, services.delete(watchlist=watched_list)
    messages.info(request, f"Deleted “{name}”.", extra_tags=f"undo-list {undo}")
    return redirect("watchlists")


@require_POST
@login_required
def restore(request: HttpRequest) -> HttpResponseRedirect:
    try:
        watched_list = services.restore(owner=user_of(request), undo=request.POST.get("undo", ""))
    except Refused as error:
        messages.error(request, str(error))
        return redirect("watchlists")
    return redirect("watchlist", watched_list.pk)


@require_POST
@login_required
def order(request: HttpRequest, watchlist_id: int) -> HttpResponse:
    """Reorder channels: `channels` lists their ids, or `channel` moves up (`by=-1`) or down by one position."""
    watched_list = _find(request, watchlist_id)
    services.order(
        watchlist=watched_list, channel_ids=request.POST.getlist("channels") or _moved(request, watched_list)
    )
    if wants_json(request):
        return JsonResponse({"channels": channels_of(watched_list)})
    return redirect("watchlist", watched_list.pk)


@require_POST
@login_required
def watch(request: HttpRequest) -> HttpResponse:
    """Add `channel` to a list (`list`, or the most recently used one), or, with `off`, remove it."""
    user, channel_id = user_of(request), request.POST.get("channel", "")
    try:
        chosen = _chosen(request)
        if request.POST.get("off") and chosen:
            services.remove(watchlist=chosen, channel_id=channel_id)
        else:
            chosen = services.add(owner=user, channel_id=channel_id, watchlist=chosen)
    except Refused as error:
        if wants_json(request):
            return JsonResponse({"reason": str(error)}, status=400)
        messages.error(request, str(error))
        return HttpResponseRedirect(_back(request))
    if wants_json(request):
        return JsonResponse({"list": chosen.name if chosen else "", "lists": _lists(user, channel_id)})
    return HttpResponseRedirect(_back(request))


@require_POST
@login_required
def star(request: HttpRequest) -> HttpResponse:
    """Toggle the star of `channel` without JavaScript: add it to the list used most recently, or remove it."""
    user, channel_id = user_of(request), request.POST.get("channel", "")
    containing = lists_containing(user, channel_id).first()
    try:
        if containing:
            services.remove(watchlist=containing, channel_id=channel_id)
        else:
            services.add(owner=user, channel_id=channel_id)
    except Refused as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(_back(request))


@require_safe
@never_cache
@login_required
def lists(request: HttpRequest) -> JsonResponse:
    """Return the user's lists, most recently used first, and whether each contains `channel`."""
    return JsonResponse({"lists": _lists(user_of(request), request.GET.get("channel", ""))})


def _lists(user: User, channel_id: str) -> list[dict[str, Any]]:
    return [
        {"id": watchlist.pk, "name": watchlist.name, "holds": contains}
        for watchlist, contains in lists_with(user, channel_id)
    ]


def _chosen(request: HttpRequest) -> Watchlist | None:
    text = request.POST.get("list", "")
    if not text:
        return None
    watchlist_id = parse_whole_number(text)
    if watchlist_id is None:
        raise Http404("This is not a watchlist ID.")
    return _find(request, watchlist_id)


def _moved(request: HttpRequest, watched_list: Watchlist) -> list[str]:
    """Return the order after moving a channel up or down."""
    channel_ids, channel_id = channels_of(watched_list), request.POST.get("channel", "")
    if channel_id in channel_ids:
        position = channel_ids.index(channel_id)
        step = -1 if request.POST.get("by") == "-1" else 1
        channel_ids.insert(max(0, position + step), channel_ids.pop(position))
    return channel_ids


def metric_of(request: HttpRequest) -> tuple[str, list[str]]:
    """Return the requested metric, and a message if the metric has no board."""
    errors: list[str] = []
    return read_metric(request.GET.dict(), errors), errors


def _comparison(channel_ids: list[str], metric: str) -> Comparison:
    """Return a comparison of the channels, by the metric if Compare supports it."""
    comparison = Comparison(tuple(channel_ids))
    return replace(comparison, metrics=(metric,)) if METRIC[metric] in COMPARED else comparison


def _find(request: HttpRequest, watchlist_id: int) -> Watchlist:
    try:
        return find_watchlist(user_of(request), watchlist_id)
    except NotFound as error:
        raise Http404(str(error)) from None


def _back(request: HttpRequest) -> str:
    """Return the page that the form is on, or the watchlists page if the form is on another host."""
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours else reverse("watchlists")  # defense: open-redirects
