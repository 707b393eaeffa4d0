"""Pages on the wire."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompression(GZipMiddleware):
    """Compress what is sent in one piece.

    A file that is written while it is read goes as it is: Django would make each of its pieces a gzip of its own, and
    of several browsers read the first alone.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the response, compressed where the browser takes it so."""
        return response if response.streaming else super().process_response(request, response)
