"""Well-known URLs: favicon and robots.txt."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port
from django.templatetags.static import static
from django.views.decorators.http import require_safe

# Shared links, and pages that need an account.
_PRIVATE = ("/s/", "/w/", "/opt-out/receipt/", "/account/", "/admin/", "/watchlists", "/shares", "/requests")


@require_safe
def favicon(_request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the pages' icon."""
    return HttpResponseRedirect(static("img/mark.svg"))


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Exclude private pages from search engines."""
    is_public = settings.PUBLIC_BOARD and split_domain_port(request.get_host())[0] != settings.ADMIN_HOST
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in (_PRIVATE if is_public else ("/",)))]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
