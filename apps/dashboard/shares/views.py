"""Views of share links: the owner's list, and the shared pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.queries import user_of
from apps.dashboard.access import HISTORY_AWAY, LIVE_AWAY, json_error
from apps.dashboard.compare.comparison import Comparison, read_comparison
from apps.dashboard.compare.page import lines_json, read_lines
from apps.dashboard.compare.views import compare_context
from apps.dashboard.models import ShareLink
from apps.dashboard.queries import range_json
from apps.dashboard.script import script_constants
from apps.dashboard.shares import links
from apps.dashboard.shares.page import (
    SharedChannel,
    channel_now,
    choice_of,
    fields_of,
    read_shared,
    read_view,
    shared_path,
    shared_series,
)
from apps.live.display import channel_json
from apps.live.services import services_of
from apps.metrics.spans import BadSpan
from core.errors import NotFound, Refused, ServiceUnavailable
from core.inputs.readable_text import one_line
from core.metrics.table import METRIC
from twitchly.clock import now_ms

_TEMPLATES = {
    ShareLink.Kind.PAGE: "shares/channel.html",
    ShareLink.Kind.WIDGET: "shares/widget.html",
    ShareLink.Kind.OVERLAY: "shares/overlay.html",
}
# These show a sparkline instead of a chart.
_SMALL = (ShareLink.Kind.WIDGET, ShareLink.Kind.OVERLAY)
LinkView = Callable[[HttpRequest, ShareLink], HttpResponse]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """List the user's links; POST creates one."""
    user = user_of(request)
    if request.method == "POST":
        try:
            link = links.create_link(owner=user, **_form_values(request))
        except Refused as error:
            messages.error(request, str(error))
            return redirect("shares")
        return HttpResponseRedirect(f"{reverse('shares')}?new={link.pk}#link-{link.pk}")
    rows = [(link, _url(request, link)) for link in links.active_links(user)]
    return render(request, "shares/overview.html", {"rows": rows, "new": request.GET.get("new", "")})


@require_POST
@login_required
def revoke(request: HttpRequest, link_id: int) -> HttpResponseRedirect:
    try:
        link = links.revoke_link(owner=user_of(request), link_id=link_id)
    except NotFound as error:
        raise Http404(str(error)) from None
    messages.success(request, f"Revoked the link to “{link.title}”.")
    return redirect("shares")


def by_link(*kinds: ShareLink.Kind) -> Callable[[LinkView], Callable[..., HttpResponse]]:
    """Pass the token's link to a view if it has one of these kinds, otherwise render an error page.

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
    """Render a widget, embeddable in any frame."""
    return _render(request, link)


@require_safe
@never_cache
@by_link(ShareLink.Kind.PAGE, ShareLink.Kind.OVERLAY)
def page(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Render a page or an overlay, not embeddable in frames."""
    return _render(request, link)


def _render(request: HttpRequest, link: ShareLink) -> HttpResponse:
    # Link previews and monitors send HEAD; they do not count as visits.
    if request.method != "HEAD":
        links.count_opening(link)
    return _comparison(request, link) if link.view == ShareLink.View.COMPARE else _channel(request, link)


@require_safe
@never_cache
@by_link(*ShareLink.Kind)
def now(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Return the live values of the channel."""
    at_ms = now_ms()
    channel = channel_now(services_of(request).channels, choice_of(link, at_ms).channel or "", at_ms)
    return JsonResponse({"now_ms": at_ms, "channel": channel_json(channel) if channel else None})


@require_safe
@never_cache
@by_link(*ShareLink.Kind)
def series(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Return fresh chart data; for a widget or overlay, the path of its sparkline."""
    at_ms = now_ms()
    try:
        if link.view == ShareLink.View.COMPARE:
            comparison = read_comparison(fields_of(link.query), at_ms)
            page = read_lines(services_of(request), comparison, at_ms)
            if page.away_reason:
                return json_error(page.away_reason, 503)
            return JsonResponse(lines_json(comparison, page, at_ms))
        if link.kind in _SMALL:
            chart = shared_path(link, at_ms)
        else:
            chart = shared_series(services_of(request).channels, link, at_ms)
    except (NotFound, BadSpan) as error:
        return json_error(str(error), 404)
    return JsonResponse(chart) if chart else json_error(HISTORY_AWAY, 503)


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


def _channel(request: HttpRequest, link: ShareLink) -> HttpResponse:
    at_ms = now_ms()
    try:
        shared = read_shared(services_of(request).channels, link, at_ms)
    except NotFound as error:
        return render(request, "shares/ended.html", {"reason": str(error)}, status=404)
    except ServiceUnavailable:
        return render(request, "shares/ended.html", {"reason": LIVE_AWAY, "is_away": True}, status=503)
    context = {
        "link": link,
        "shared": shared,
        "profile": shared.profile,
        "metric": METRIC[shared.choice.charted],
        "now_ms": at_ms,
        "theme": request.GET.get("theme", "") if request.GET.get("theme") in ("light", "dark") else "",
        "script": _script(link, shared, at_ms),
    }
    return render(request, _TEMPLATES[ShareLink.Kind(link.kind)], context)


def _comparison(request: HttpRequest, link: ShareLink) -> HttpResponse:
    at_ms = now_ms()
    comparison = read_comparison(fields_of(link.query), at_ms)
    page_data = read_lines(services_of(request), comparison, at_ms)
    context = compare_context(comparison, page_data, at_ms, "") | {"link": link}
    context["script"] |= {"source": reverse("share-series", args=[links.token_of(link)])}
    return render(request, "dashboard/compare.html", context)


def _script(link: ShareLink, shared: SharedChannel, at_ms: int) -> dict[str, Any]:
    token = links.token_of(link)
    return {
        "now_ms": at_ms,
        "metric": shared.choice.charted,
        "range": range_json(shared.chart_range),
        "series_url": reverse("share-series", args=[token]),
        "now_url": reverse("share-now", args=[token]),
        "constants": script_constants(),
    }


def _form_values(request: HttpRequest) -> dict[str, str]:
    """Return the validated form. The query string is parsed and rebuilt, so it has known parameters only."""
    form, at_ms = request.POST, now_ms()
    view, fields = form.get("view", ""), fields_of(form.get("query", "").removeprefix("?")[:1_000])
    try:
        is_comparison = view == ShareLink.View.COMPARE
        selection = read_comparison(fields, at_ms) if is_comparison else read_view(fields, at_ms)
    except BadSpan as error:
        raise Refused(str(error)) from None
    if selection.errors:
        raise Refused(" ".join(selection.errors))
    if not (selection.channels if isinstance(selection, Comparison) else selection.channel):
        raise Refused("Open a channel first, then share it.")
    return {
        "kind": form.get("kind", ""),
        "view": view,
        "title": one_line(form.get("title", "")) or "Untitled",
        "query": selection.query().removeprefix("?"),
        "days": form.get("days", ""),
        "password": form.get("password", ""),
    }


def _url(request: HttpRequest, link: ShareLink) -> str:
    name = "share-widget" if link.kind == ShareLink.Kind.WIDGET else "share"
    return request.build_absolute_uri(reverse(name, args=[links.token_of(link)]))


def _cookie(link: ShareLink) -> str:
    return f"share-{link.pk}"
