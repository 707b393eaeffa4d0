"""What accounts need beyond django-allauth's own ways."""

from __future__ import annotations

import base64
import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as request_context
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.utils.encoding import force_bytes

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Says so when a mail cannot be sent: what was begun stands, and its code can be asked for again."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            log.exception("a mail could not be sent")
            messages.error(request_context.request, "The mail could not be sent just now. Try again in a few minutes.")


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Keeps second factors encrypted with a key made of SECRET_KEY: a copy of the database alone is no help."""

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _fernet().decrypt(encrypted_text.encode()).decode()


def _fernet() -> MultiFernet:
    """Encrypts with today's key, and reads what was encrypted with those before it."""
    return MultiFernet([_by(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _by(secret: str) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"second factors").derive(force_bytes(secret))
    return Fernet(base64.urlsafe_b64encode(key))
