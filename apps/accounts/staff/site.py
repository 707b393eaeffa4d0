"""The admin site: for staff who have shown a second factor in this session."""

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
    """Has no sign-in of its own: that would take a password alone, as often as somebody likes."""

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and _is_verified(request)  # defense: admin-factor

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Refuse a form that selects rows by malformed keys: Django queries by them without a check."""
        answer, owner = super().admin_view(view, cacheable), getattr(view, "__self__", None)
        if not isinstance(owner, ModelAdmin):
            return answer

        @wraps(answer)
        def checked(request: HttpRequest, *args: Any, **options: Any) -> Any:
            if self.has_permission(request):
                _check_keys(request, owner.model._meta.pk)
            return answer(request, *args, **options)

        return checked

    def login(self, request: HttpRequest, _extra_context: Any = None) -> HttpResponse:
        """Lead to what is missing yet: the sign-in, a second factor, or a code of it."""
        wanted = get_next_redirect_url(request) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(wanted)
        if not super().has_permission(request):
            raise PermissionDenied
        if not _has_factor(request):
            messages.warning(request, "The admin needs a second factor: set one up here, then open it again.")
            return redirect("mfa_index")
        if not _has_shown_one(request):
            return redirect_to_login(wanted, reverse(_proof(request)))
        return redirect(wanted)


def _check_keys(request: HttpRequest, key: Any) -> None:
    """Raises: SuspiciousOperation, which is answered with 400."""
    try:
        for text in request.POST.getlist(ACTION_CHECKBOX_NAME):
            key.to_python(text)
    except ValidationError as error:
        raise SuspiciousOperation("a selected row has a malformed key") from error


def connect() -> None:
    """Let a session in which a factor was set up have shown it."""
    authenticator_added.connect(_added)


def _added(request: HttpRequest, user: Any, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type in FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


def _is_verified(request: HttpRequest) -> bool:
    return _has_factor(request) and _has_shown_one(request)  # defense: admin-session


def _has_factor(request: HttpRequest) -> bool:
    return bool(is_mfa_enabled(request.user, FACTORS))


def _has_shown_one(request: HttpRequest) -> bool:
    return any(one["method"] == "mfa" for one in get_authentication_records(request, request.user))


def _proof(request: HttpRequest) -> str:
    """Return the name of the page that asks for the factor."""
    has_codes = is_mfa_enabled(request.user, [Authenticator.Type.TOTP])
    return "mfa_reauthenticate" if has_codes else "mfa_reauthenticate_webauthn"
