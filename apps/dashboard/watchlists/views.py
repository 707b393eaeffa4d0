"""The pages of watchlists, and what changes them: forms that work without the script, JSON for it."""

from __future__ import annotations

from typing import Any

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
from apps.dashboard.views import metric_json
from apps.dashboard.watchlists.page import read_cards, read_lines
from apps.live.board import BOARD_KEYS
from apps.workspaces import services
from apps.workspaces.models import Watchlist
from apps.workspaces.queries import channels_of, find_watchlist, lists_holding, lists_with, watchlists_of
from core.errors import NotFound, Refused
from core.metrics.table import BOARDS, METRIC, METRICS
from twitchly.clock import now_ms

DEFAULT_METRIC = "messages"
COMPARED_MAX = 6


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show all lists; a POST makes one."""
    user, name, wrong = user_of(request), request.POST.get("name", ""), ""
    if request.method == "POST":
        try:
            return redirect("watchlist", services.create(owner=user, name=name).pk)
        except Refused as error:
            wrong = str(error)
    lists = watchlists_of(user)
    context = {"lists": lists, "name": name, "wrong": wrong, "lists_max": services.LISTS_MAX}
    return render(request, "dashboard/watchlists.html", context, status=400 if wrong else 200)


@require_safe
@never_cache
@login_required
def watchlist(request: HttpRequest, watchlist_id: int) -> HttpResponse:
    found, metric, now = _find(request, watchlist_id), metric_of(request), now_ms()
    channel_ids = channels_of(found)
    context = {
        "list": found,
        "others": watchlists_of(user_of(request)),
        "page": read_cards(channel_ids, metric, now),
        "now_ms": now,
        "metric": METRIC[metric],
        "boards": BOARDS,
        "compare": ",".join(channel_ids[:COMPARED_MAX]),
        "script": {
            "id": found.pk,
            "metric": metric,
            "channels": channel_ids,
            "metrics": {one.key: metric_json(one) for one in METRICS},
            "now_ms": now,
        },
    }
    return render(request, "dashboard/watchlist.html", context)


@require_safe
@never_cache
@login_required
def lines(request: HttpRequest, watchlist_id: int) -> JsonResponse:
    """Give the past hour of each channel: `{"from_ms", "until_ms", "lines": {id: [[end_ms, value], …]}}`."""
    found, now = _find(request, watchlist_id), now_ms()
    read = read_lines(channels_of(found), metric_of(request), now)
    if read is None:
        return JsonResponse({"reason": "History cannot be read just now. Live figures still come."}, status=503)
    return JsonResponse({"now_ms": now, "lines": read})


@require_POST
@login_required
def rename(request: HttpRequest, watchlist_id: int) -> HttpResponseRedirect:
    found = _find(request, watchlist_id)
    try:
        services.rename(watchlist=found, name=request.POST.get("name", ""))
    except Refused as error:
        messages.error(request, str(error))
    return redirect("watchlist", found.pk)


@require_POST
@login_required
def delete(request: HttpRequest, watchlist_id: int) -> HttpResponseRedirect:
    found = _find(request, watchlist_id)
    name, undo = found.name, services.delete(watchlist=found)
    messages.info(request, f"Deleted “{name}”.", extra_tags=f"undo-list {undo}")
    return redirect("watchlists")


@require_POST
@login_required
def restore(request: HttpRequest) -> HttpResponseRedirect:
    try:
        found = services.restore(owner=user_of(request), undo=request.POST.get("undo", ""))
    except Refused as error:
        messages.error(request, str(error))
        return redirect("watchlists")
    return redirect("watchlist", found.pk)


@require_POST
@login_required
def order(request: HttpRequest, watchlist_id: int) -> HttpResponse:
    """Put channels in an order: `channels` are their ids, or `channel` moves by `by` places."""
    found = _find(request, watchlist_id)
    services.order(watchlist=found, channel_ids=request.POST.getlist("channels") or _moved(request, found))
    if _wants_json(request):
        return JsonResponse({"channels": channels_of(found)})
    return redirect("watchlist", found.pk)


@require_POST
@login_required
def watch(request: HttpRequest) -> HttpResponse:
    """Put `channel` on a list (`list`, or the one used last), or with `off` take it off again."""
    user, channel_id = user_of(request), request.POST.get("channel", "")
    try:
        chosen = _chosen(request)
        if request.POST.get("off") and chosen:
            services.remove(watchlist=chosen, channel_id=channel_id)
        else:
            chosen = services.add(owner=user, channel_id=channel_id, watchlist=chosen)
    except Refused as error:
        if _wants_json(request):
            return JsonResponse({"reason": str(error)}, status=400)
        messages.error(request, str(error))
        return HttpResponseRedirect(_back(request))
    if _wants_json(request):
        return JsonResponse({"list": chosen.name if chosen else "", "lists": _lists(user, channel_id)})
    return HttpResponseRedirect(_back(request))


@require_POST
@login_required
def star(request: HttpRequest) -> HttpResponse:
    """Do what the star of `channel` does without the script: put it on the list used last, or take it off again."""
    user, channel_id = user_of(request), request.POST.get("channel", "")
    holding = lists_holding(user, channel_id).first()
    try:
        if holding:
            services.remove(watchlist=holding, channel_id=channel_id)
        else:
            services.add(owner=user, channel_id=channel_id)
    except Refused as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(_back(request))


@require_safe
@never_cache
@login_required
def lists(request: HttpRequest) -> JsonResponse:
    """Give one's lists, the one used last first, and which hold `channel`."""
    return JsonResponse({"lists": _lists(user_of(request), request.GET.get("channel", ""))})


def _lists(user: User, channel_id: str) -> list[dict[str, Any]]:
    return [{"id": one.pk, "name": one.name, "holds": holds} for one, holds in lists_with(user, channel_id)]


def _chosen(request: HttpRequest) -> Watchlist | None:
    text = request.POST.get("list", "")
    return _find(request, int(text)) if text.isdecimal() else None


def _moved(request: HttpRequest, found: Watchlist) -> list[str]:
    """Return the order after one channel went up or down."""
    channel_ids, channel_id = channels_of(found), request.POST.get("channel", "")
    if channel_id in channel_ids:
        at = channel_ids.index(channel_id)
        by = -1 if request.POST.get("by") == "-1" else 1
        channel_ids.insert(max(0, at + by), channel_ids.pop(at))
    return channel_ids


def metric_of(request: HttpRequest) -> str:
    wanted = request.GET.get("metric", "")
    return wanted if wanted in BOARD_KEYS else DEFAULT_METRIC


def _find(request: HttpRequest, watchlist_id: int) -> Watchlist:
    try:
        return find_watchlist(user_of(request), watchlist_id)
    except NotFound as error:
        raise Http404(str(error)) from None


def _back(request: HttpRequest) -> str:
    """Return where a form came from, if that is a page of ours."""
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours else reverse("watchlists")  # defense: open-redirects


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
