"""What a person or program sent that the relational database cannot hold: their mistake, not a fault of ours."""

from __future__ import annotations

import logging

from django.db import DataError
from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

log = logging.getLogger(__name__)


class UnstorableText(MiddlewareMixin):
    """Answers 400 where a text has a NUL, or is longer than its column: PostgreSQL takes neither, SQLite both."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Return the answer to what the database refused, None for what else went wrong."""
        if not isinstance(error, DataError):
            return None
        log.warning("%s %s was refused by the database: %s", request.method, request.path, error)
        return HttpResponseBadRequest("The address or the form holds characters that cannot be stored.")
