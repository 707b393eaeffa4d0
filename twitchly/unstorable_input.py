"""Turns input that the relational database cannot store into a 400 response."""

from __future__ import annotations

import logging

from django.db import DataError
from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

log = logging.getLogger(__name__)


class UnstorableText(MiddlewareMixin):
    """Responds with 400 to text that contains a NUL or is too long. PostgreSQL rejects both, SQLite neither."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Return a 400 response for a DataError, or None for other exceptions."""
        if not isinstance(error, DataError):
            return None
        log.warning("%s %s: input rejected by the database: %s", request.method, request.path, error)
        return HttpResponseBadRequest("The URL or the form contains characters that cannot be stored.")
