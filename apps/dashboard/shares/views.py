"""Views of shared pages, for visitors without an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_http_methods, require_safe

from apps.dashboard.access import HISTORY_AWAY, LIVE_AWAY, json_error
from apps.dashboard.compare.comparison import read_comparison
from apps.dashboard.compare.page import lines_json, read_lines
from apps.dashboard.compare.views import compare_context
from apps.dashboard.models import ShareLink
from apps.dashboard.queries import range_json
from apps.dashboard.script import script_constants
from apps.dashboard.shares import links, watchlist
from apps.dashboard.shares.appearance import read_appearance
from apps.dashboard.shares.forms import SMALL_KINDS
from apps.dashboard.shares.page import (
    SharedChannel,
    channel_now,
    choice_of,
    fields_of,
    read_shared,
    shared_path,
    shared_series,
)
from apps.dashboard.watchlists.page import read_cards
from apps.live.display import channel_json
from apps.live.services import services_of
from apps.metrics.spans import BadSpan
from core.errors import NotFound, Refused, ServiceUnavailable
from core.metrics.table import BOARDS, METRIC
from twitchly.clock import now_ms

_TEMPLATES = {
    ShareLink.Kind.PAGE: "shares/channel.html",
    ShareLink.Kind.WIDGET: "shares/widget.html",
    ShareLink.Kind.OVERLAY: "shares/overlay.html",
}
LinkView = Callable[[HttpRequest, ShareLink], HttpResponse]


def by_link(*kinds: ShareLink.Kind) -> Callable[[LinkView], Callable[..., HttpResponse]]:
    """Pass the token's link to a view if the link is of one of these kinds; otherwise, render an error page.

    Redirects to the password page if the link has a password.
    """

    def decorator(view: LinkView) -> Callable[..., HttpResponse]:
        @wraps(view)
        def opened(request: HttpRequest, token: str) -> HttpResponse:
            try:
                link = links.find_link(token)
                if link.kind not in kinds:
                    raise NotFound("This page does not exist.")
            except NotFound as error:
                return render(request, "shares/ended.html", {"reason": str(error)}, status=404)
            if links.grants_access(link, request.COOKIES.get(_cookie(link), "")):
                return view(request, link)
            return redirect("share-password", token)

        return opened

    return decorator


@require_safe
@never_cache
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})
@by_link(ShareLink.Kind.WIDGET)
def widget(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Render a widget, which any site can embed in a frame."""
    return _render(request, link)


@require_safe
@never_cache
@by_link(ShareLink.Kind.PAGE, ShareLink.Kind.OVERLAY)
def page(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Render a page or an overlay, which cannot be embedded in frames."""
    return _render(request, link)


def _render(request: HttpRequest, link: ShareLink) -> HttpResponse:
    # Link previews and monitors send HEAD; they do not count as visits.
    if request.method != "HEAD":
        links.count_opening(link)
    try:
        return _RENDER[ShareLink.View(link.view)](request, link, now_ms())
    except NotFound as error:
        return render(request, "shares/ended.html", {"reason": str(error)}, status=404)
    except ServiceUnavailable:
        return render(request, "shares/ended.html", {"reason": LIVE_AWAY, "is_away": True}, status=503)


@require_safe
@never_cache
@by_link(*ShareLink.Kind)
def now(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Return the live values of the channel, or of the watchlist's channels."""
    at_ms = now_ms()
    if link.view == ShareLink.View.LIST:
        return _json(lambda: watchlist.live_values(services_of(request).boards, link, at_ms), LIVE_AWAY)
    channel = channel_now(services_of(request).channels, choice_of(link, at_ms).channel or "", at_ms)
    return JsonResponse({"now_ms": at_ms, "channel": channel_json(channel) if channel else None})


@require_safe
@never_cache
@by_link(*ShareLink.Kind)
def series(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Return fresh chart data.

    For a widget or overlay, return the path of its sparkline; for a watchlist, return a sparkline path per channel.
    """
    at_ms = now_ms()
    if link.view == ShareLink.View.COMPARE:
        return _lines(request, link, at_ms)
    if link.view == ShareLink.View.LIST:
        return _json(lambda: watchlist.paths(link, at_ms), HISTORY_AWAY)
    if link.kind in SMALL_KINDS:
        return _json(lambda: shared_path(link, at_ms), HISTORY_AWAY)
    return _json(lambda: shared_series(services_of(request).channels, link, at_ms), HISTORY_AWAY)


def _lines(request: HttpRequest, link: ShareLink, at_ms: int) -> JsonResponse:
    try:
        comparison = read_comparison(fields_of(link.query), at_ms)
    except BadSpan as error:
        return json_error(str(error), 404)
    page = read_lines(services_of(request), comparison, at_ms)
    if page.away_reason:
        return json_error(page.away_reason, 503)
    return JsonResponse(lines_json(comparison, page, at_ms))


def _json(read: Callable[[], dict[str, Any] | None], away_reason: str) -> JsonResponse:
    """Return the data, or 503 with the reason if it is unavailable."""
    try:
        data = read()
    except (NotFound, BadSpan) as error:
        return json_error(str(error), 404)
    return json_error(away_reason, 503) if data is None else JsonResponse(data)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def password(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the password of a link."""
    error_text, status, wait_s = "", 200, 0
    try:
        link = links.find_link(token)
        if request.method == "POST":
            access_token = links.try_password(
                link, request.POST.get("password", ""), request.META.get("REMOTE_ADDR", "")
            )
            opened = redirect("share", token)
            path = reverse("share", args=[token])
            opened.set_cookie(
                _cookie(link), access_token, path=path, httponly=True, samesite="Lax", secure=request.is_secure()
            )
            return opened
    except NotFound as error:
        return render(request, "shares/ended.html", {"reason": str(error)}, status=404)
    except links.TooManyTries as error:
        error_text, status, wait_s = str(error), 429, error.wait_s
    except Refused as error:
        error_text, status = str(error), 403
    response = render(request, "shares/password.html", {"error": error_text}, status=status)
    if wait_s:
        response.headers["Retry-After"] = str(wait_s)
    return response


def _channel(request: HttpRequest, link: ShareLink, at_ms: int) -> HttpResponse:
    shared = read_shared(services_of(request).channels, link, at_ms)
    context = {
        "link": link,
        "shared": shared,
        "profile": shared.profile,
        "metric": METRIC[shared.choice.charted],
        "now_ms": at_ms,
        "appearance": read_appearance(fields_of(link.query) | request.GET.dict(), []),
        "script": _script(link, shared, at_ms),
    }
    return render(request, _TEMPLATES[ShareLink.Kind(link.kind)], context)


def _comparison(request: HttpRequest, link: ShareLink, at_ms: int) -> HttpResponse:
    comparison = read_comparison(fields_of(link.query), at_ms)
    page_data = read_lines(services_of(request), comparison, at_ms)
    context = compare_context(comparison, page_data, at_ms, "") | {"link": link}
    context["script"] |= {"source": reverse("share-series", args=[links.token_of(link)])}
    return render(request, "dashboard/compare.html", context)


def _watchlist(request: HttpRequest, link: ShareLink, at_ms: int) -> HttpResponse:
    shared = watchlist.find_list(link)
    context = {
        "link": link,
        "page": read_cards(services_of(request), shared.channel_ids, shared.metric, at_ms),
        "metric": METRIC[shared.metric],
        "boards": BOARDS,
        "script": _urls(link) | {"constants": script_constants()},
    }
    return render(request, "shares/watchlist.html", context)


_RENDER: Mapping[ShareLink.View, Callable[[HttpRequest, ShareLink, int], HttpResponse]] = {
    ShareLink.View.CHANNEL: _channel,
    ShareLink.View.COMPARE: _comparison,
    ShareLink.View.LIST: _watchlist,
}


def _urls(link: ShareLink) -> dict[str, str]:
    token = links.token_of(link)
    return {"series_url": reverse("share-series", args=[token]), "now_url": reverse("share-now", args=[token])}


def _script(link: ShareLink, shared: SharedChannel, at_ms: int) -> dict[str, Any]:
    return _urls(link) | {
        "now_ms": at_ms,
        "metric": shared.choice.charted,
        "range": range_json(shared.chart_range),
        "constants": script_constants(),
    }


def _cookie(link: ShareLink) -> str:
    return f"share-{link.pk}"
