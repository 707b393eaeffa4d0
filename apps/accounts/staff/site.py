"""The admin site, for staff who have verified a second factor in this session."""

from __future__ import annotations

from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class StaffSite(AdminSite):
    """Has no login form, because Django's form would accept a password alone, without a rate limit."""

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and _is_verified(request)  # defense: admin-factor

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Reject action forms with malformed primary keys, which Django would use in queries without validation."""
        decorated, owner = super().admin_view(view, cacheable), getattr(view, "__self__", None)
        if not isinstance(owner, ModelAdmin):
            return decorated

        @wraps(decorated)
        def guarded(request: HttpRequest, *args: Any, **options: Any) -> Any:
            if self.has_permission(request):
                _check_keys(request, owner.model._meta.pk)
            return decorated(request, *args, **options)

        return guarded

    def login(self, request: HttpRequest, _extra_context: Any = None) -> HttpResponse:
        """Redirect to the missing step: sign-in, second-factor setup, or verification."""
        next_url = get_next_redirect_url(request) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(next_url)
        if not super().has_permission(request):
            raise PermissionDenied
        if not _has_factor(request):
            messages.warning(
                request, "The admin site requires a second factor. Set one up here, then open the admin site again."
            )
            return redirect("mfa_index")
        if not _has_verified_factor(request):
            return redirect_to_login(next_url, reverse(_verification_page(request)))
        return redirect(next_url)


def _check_keys(request: HttpRequest, key: Any) -> None:
    """Validate the primary keys of the selected rows. Raises: SuspiciousOperation, which becomes a 400."""
    try:
        for text in request.POST.getlist(ACTION_CHECKBOX_NAME):
            key.to_python(text)
    except ValidationError as error:
        raise SuspiciousOperation("a selected row has a malformed key") from error


def connect() -> None:
    """Treat the setup of a factor as its verification in the session."""
    authenticator_added.connect(_added)


def _added(request: HttpRequest, user: Any, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type in FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


def _is_verified(request: HttpRequest) -> bool:
    return _has_factor(request) and _has_verified_factor(request)  # defense: admin-session


def _has_factor(request: HttpRequest) -> bool:
    return bool(is_mfa_enabled(request.user, FACTORS))


def _has_verified_factor(request: HttpRequest) -> bool:
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def _verification_page(request: HttpRequest) -> str:
    """Return the URL name of the page that verifies the user's second factor."""
    has_codes = is_mfa_enabled(request.user, [Authenticator.Type.TOTP])
    return "mfa_reauthenticate" if has_codes else "mfa_reauthenticate_webauthn"
