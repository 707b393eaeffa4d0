"""allauth's forms, where they tell or allow more than they should."""

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
    """Takes as long for an address that has an account as for one that has none."""

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """Return the new user, or the answer where the address has an account already."""
        already_exists: bool = self.account_already_exists  # type: ignore[has-type]  # allauth sets it in clean()
        if already_exists:
            # A new account costs one hash of its password.
            make_password(self.cleaned_data["password1"])  # defense: sign-up-timing
            return self._tried(request)
        try:
            with transaction.atomic():
                return self._tried(request)
        except IntegrityError:  # defense: sign-up-races
            # A parallel sign-up with the same address was saved after this one had been checked.
            self.account_already_exists = True
            return self._tried(request)

    def _tried(self, request: HttpRequest) -> tuple[Any, Any]:
        user, response = super().try_save(request)
        return user, response


class ActivateTOTPForm(totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    """Counts the code of the set-up as used: it opens no session afterwards."""

    def clean_code(self) -> str:
        code = str(super().clean_code())
        if not TOTP(Authenticator(user=self.user))._mark_code_used(code):  # defense: set-up-codes
            raise get_adapter().validation_error("incorrect_code")
        return code
