"""Account pages that django-allauth lacks: overview, data export, deletion."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import Times
from apps.accounts.personal_data import delete_account, personal_data
from apps.accounts.queries import user_of
from apps.accounts.services import choose_times
from core.errors import Refused


@require_safe
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return render(
        request,
        "account/overview.html",
        {
            "addresses": EmailAddress.objects.filter(user=user).order_by("-primary", "email"),
            "second_factors": factors.count(),
            "sessions": len(UserSession.objects.purge_and_list(user)),
            "zones": Times.choices,
        },
    )


@require_POST
@login_required
def times(request: HttpRequest) -> HttpResponseRedirect:
    """Set the time zone of the pages."""
    try:
        choose_times(user=user_of(request), times=request.POST.get("times", ""))
        messages.success(request, "Saved.")
    except Refused as error:
        messages.error(request, str(error))
    return redirect("account")


@require_safe
@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def data(request: HttpRequest) -> JsonResponse:
    """Return the account's data as a JSON file."""
    response = JsonResponse(personal_data(user_of(request)), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="twitchly-account.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def delete(request: HttpRequest) -> HttpResponse:
    """Delete the account if the user has typed its email address. Staff accounts can only be deleted by other staff."""
    user = user_of(request)
    typed = request.POST.get("email", "").strip().lower()
    if request.method == "POST" and typed == user.email and not user.is_staff:
        delete_account(user)
        logout(request)
        messages.success(request, "The account and all its data were deleted.")
        return redirect("account_login")
    refused = request.method == "POST" and not user.is_staff
    return render(request, "account/delete.html", {"refused": refused, "typed": typed}, status=400 if refused else 200)
