"""Hardened versions of allauth forms."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest


class SignupForm(account_forms.SignupForm):  # type: ignore[misc]  # allauth has no types
    """Responds equally fast whether or not an account with the address exists."""

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """Return the new user, or the response for an address that already has an account."""
        already_exists: bool = self.account_already_exists  # type: ignore[has-type]  # allauth sets it in clean()
        if already_exists:
            # Hash the password, as for a new account.
            make_password(self.cleaned_data["password1"])  # defense: sign-up-timing
            return self._try_save(request)
        try:
            with transaction.atomic():
                return self._try_save(request)
        except IntegrityError:  # defense: sign-up-races
            # A concurrent sign-up with the same address was saved after this one was validated.
            self.account_already_exists = True
            return self._try_save(request)

    def _try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        user, response = super().try_save(request)
        return user, response


class ActivateTOTPForm(totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    """Marks the setup code as used, so that it cannot be used to sign in."""

    def clean_code(self) -> str:
        code = str(super().clean_code())
        if not TOTP(Authenticator(user=self.user))._mark_code_used(code):  # defense: set-up-codes
            raise get_adapter().validation_error("incorrect_code")
        return code
