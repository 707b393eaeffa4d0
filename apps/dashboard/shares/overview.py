"""Views for an account's own share links."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.queries import user_of
from apps.dashboard.access import json_error, wants_json
from apps.dashboard.models import ShareLink
from apps.dashboard.shares import links
from apps.dashboard.shares.appearance import SIZES, read_appearance
from apps.dashboard.shares.forms import read_form
from apps.dashboard.shares.page import fields_of
from core.errors import NotFound, Refused
from twitchly.clock import now_ms


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """List the user's links. POST creates one; if the client accepts JSON, the response is its URL as JSON."""
    user = user_of(request)
    if request.method == "POST":
        return _create(request)
    rows = [(link, url, text_of(link, url)) for link in links.active_links(user) for url in [_url(request, link)]]
    return render(request, "shares/overview.html", {"rows": rows, "new": request.GET.get("new", "")})


def _create(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    try:
        link = links.create_link(owner=user, **read_form(user, request.POST.dict(), now_ms()))
    except Refused as error:
        if wants_json(request):
            return json_error(str(error), 400)
        messages.error(request, str(error))
        return redirect("shares")
    if wants_json(request):
        url = _url(request, link)
        return JsonResponse({"url": url, "text": text_of(link, url)})
    return HttpResponseRedirect(f"{reverse('shares')}?new={link.pk}#link-{link.pk}")


@require_POST
@login_required
def revoke(request: HttpRequest, link_id: int) -> HttpResponseRedirect:
    try:
        link = links.revoke_link(owner=user_of(request), link_id=link_id)
    except NotFound as error:
        raise Http404(str(error)) from None
    messages.success(request, f"Revoked the link to “{link.title}”.")
    return redirect("shares")


def text_of(link: ShareLink, url: str) -> str:
    """Return the text to paste: the URL or, for a widget, the HTML that embeds it."""
    if link.kind != ShareLink.Kind.WIDGET:
        return url
    width, height = SIZES[read_appearance(fields_of(link.query), []).size]
    title = escape(link.title)
    return f'<iframe src="{escape(url)}" width="{width}" height="{height}" title="{title}"></iframe>'


def _url(request: HttpRequest, link: ShareLink) -> str:
    name = "share-widget" if link.kind == ShareLink.Kind.WIDGET else "share"
    return request.build_absolute_uri(reverse(name, args=[links.token_of(link)]))
