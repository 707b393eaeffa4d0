"""Pages of the user's channel requests."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.queries import user_of
from apps.curation.models import CurationRequest
from apps.curation.requests import withdraw
from core.errors import NotFound

SHOWN = 200


@require_safe
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    requests = CurationRequest.objects.filter(user=user_of(request))[:SHOWN]
    return render(request, "dashboard/requests.html", {"channel_requests": requests})


@require_POST
@login_required
def withdrawal(request: HttpRequest, request_id: int) -> HttpResponseRedirect:
    try:
        closed = withdraw(user=user_of(request), request_id=request_id)
    except NotFound as error:
        raise Http404(str(error)) from None
    messages.success(request, f"Withdrawn: {closed.login} is no longer requested.")
    return redirect("requests")
