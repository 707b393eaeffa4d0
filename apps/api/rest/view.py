"""Base class of the API's views: authenticates the client, parses the request and renders the response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, ParamSpec, TypeVar, cast

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import exceptions
from rest_framework.renderers import BaseRenderer
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.api.authentication import authenticate, require_scope
from apps.api.description.document import description_digest
from apps.api.description.schema import Schema, query_of
from apps.api.keys.queries import ApiClient
from apps.api.limits import RateLimitStatus
from apps.api.problems import FieldError, Problem, invalid_field
from apps.api.process import ApiServices, api_services
from apps.api.rest.conditional_requests import is_unchanged, require_match
from apps.api.rest.negotiation import choose
from apps.api.rest.request_parsing import FORMAT, BodyParser, problem_of, read_body, read_query
from apps.api.rest.request_schemas import NoQuery
from apps.api.rest.responses import ApiResponse, CsvRenderer, JsonRenderer, NdjsonRenderer, weak_etag
from apps.api.scopes import Scope
from core.errors import NotFound, Refused, ServiceAway
from core.inputs.names import BadName, NameTaken

P = ParamSpec("P")
T = TypeVar("T")
TABLES: list[type[BaseRenderer]] = [JsonRenderer, CsvRenderer, NdjsonRenderer]


class ApiView(APIView):
    """A view of the API. `scopes` maps methods to the scope a key needs; other methods need no key."""

    schema = Schema()
    view_is_async = True
    scopes: ClassVar[Mapping[str, Scope]] = {}
    renderer_classes = [JsonRenderer]
    parser_classes = [BodyParser]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    api_client: ApiClient
    rate_limit_status: RateLimitStatus | None = None
    # The parameters of the query, validated by the operation's schema.
    query: Mapping[str, Any]

    services: ApiServices

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        self.format_kwarg = kwargs.pop("format", None)
        self.args, self.kwargs = args, kwargs
        self.services = api_services(cast(ASGIRequest, request).scope)
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = {}
        try:
            response = await self.respond(request, *args, **kwargs)
        except Problem as problem:
            problem.headers = {**self._rate_limit_headers(), **problem.headers}
            self.record_usage(problem.code)
            raise
        if response.status_code == 304 and hasattr(self, "api_client"):
            self.rate_limit_status = await self.services.rate_limiter.refund(self.api_client)
        for name, value in self._rate_limit_headers().items():
            response[name] = value
        self.record_usage("")
        return response

    async def respond(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the response to a request. Raises: Problem."""
        handler = getattr(self, (request.method or "").lower(), None)
        if handler is None or (request.method or "").lower() not in self.http_method_names:
            allowed = ", ".join(self.allowed_methods)
            raise Problem("method-not-allowed", f"Allowed methods: {allowed}.", headers={"Allow": allowed})
        try:
            self.choose_format()
            await self.authenticate()
            self.query = read_query(query_of(handler) or NoQuery, self.request.META.get("QUERY_STRING", ""))
            return self.to_http(await handler(self.request, *args, **kwargs))
        except exceptions.APIException as error:
            raise problem_of(error) from None
        except NotFound as error:
            raise Problem("not-found", str(error)) from None
        except BadName as error:
            raise invalid_field("name", str(error)) from None
        except NameTaken as error:
            raise Problem("refused", str(error), [FieldError("name", str(error))]) from None
        except Refused as error:
            raise Problem("refused", str(error)) from None
        except ServiceAway:
            detail = "What the answer is made of cannot be read just now."
            raise Problem("service-away", detail, headers={"Retry-After": "2"}) from None

    @property
    def path(self) -> str:
        """The path of the request without its format suffix."""
        return self.request.path.removesuffix(f".{self.format_kwarg}")

    def choose_format(self) -> None:
        """Choose the renderer of the response. Raises: Problem."""
        named = self.format_kwarg or self.request.GET.get(FORMAT)
        renderer = choose(tuple(self.renderer_classes), self.request.META.get("HTTP_ACCEPT", ""), named)
        self.request.accepted_renderer, self.request.accepted_media_type = renderer, renderer.media_type

    async def authenticate(self) -> None:
        """Authenticate the client and apply its rate limits. Raises: Problem."""
        address = self.request.META.get("REMOTE_ADDR", "")
        scope = self.scopes.get("get" if self.request.method == "HEAD" else (self.request.method or "").lower())
        if scope is None:
            await self.services.rate_limiter.take_anonymous(address)
            return
        self.api_client = await authenticate(self.services, self.request.META.get("HTTP_AUTHORIZATION", ""), address)
        self.rate_limit_status = await self.services.rate_limiter.take(self.api_client, address)
        require_scope(self.api_client, scope)  # defense: key-scopes

    def to_http(self, response: ApiResponse | HttpResponseBase) -> HttpResponseBase:
        """Render a response; handlers may also return an HTTP response themselves."""
        return self._render(response) if isinstance(response, ApiResponse) else response

    def conditional_response(self, version: str, cache_control: str) -> ApiResponse:
        """Return a 304 to a client that has this version of the resource, or else a 200 for the handler to complete.

        The entity tag also depends on the request, the format and the API description, so an upgrade changes it.
        """
        request = self.request
        parts = [self.path, request.META.get("QUERY_STRING", ""), request.accepted_media_type, version]
        etag = weak_etag("\n".join(parts).encode() + description_digest())
        status = 304 if is_unchanged(request.headers, etag) else 200
        return ApiResponse(None, cache_control, etag=etag, status=status)

    def _render(self, response: ApiResponse) -> HttpResponse:
        headers = {"Cache-Control": response.cache_control, **response.headers}
        if response.status in (204, 304):
            return HttpResponse(
                status=response.status, headers=headers | ({"ETag": response.etag} if response.etag else {})
            )
        renderer: Any = self.request.accepted_renderer  # one of TABLES
        content: bytes = renderer.render(response)
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        http_response = HttpResponse(
            content, content_type=renderer.media_type + charset, status=response.status, headers=headers
        )
        if etag := response.etag_of(content):
            http_response["ETag"] = etag
            if self.request.method in ("GET", "HEAD"):
                require_match(self.request.headers, etag)
                if is_unchanged(self.request.headers, etag):
                    return HttpResponse(status=304, headers={"Cache-Control": response.cache_control, "ETag": etag})
        return http_response

    def _rate_limit_headers(self) -> dict[str, str]:
        return self.rate_limit_status.headers() if self.rate_limit_status else {}

    def record_usage(self, code: str) -> None:
        """Count the request for the usage page, by the code of its problem, "" if it succeeded."""
        if hasattr(self, "api_client"):
            self.services.usage.record(self.api_client.key_id, code)

    def body(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the validated fields of the body. Raises: Problem."""
        return read_body(serializer, self.request.data)


async def run_in_cassandra_thread(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a read from Cassandra in a thread of the default executor. Raises: ServiceAway."""
    if not settings.CASSANDRA_HOSTS:
        raise ServiceAway("history is not set up")
    return await sync_to_async(read, thread_sensitive=False)(*args, **kwargs)


async def run_in_db_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread with a connection to the relational database."""
    result: T = await database_sync_to_async(work, thread_sensitive=False)(*args, **kwargs)
    return result
