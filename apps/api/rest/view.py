"""Base class for the API's views: authenticates the client, parses the request and renders the response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, ParamSpec, TypeVar, cast

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.api.authentication import HasScope, authenticate
from apps.api.description.document import description_digest
from apps.api.description.schema import Schema
from apps.api.keys.queries import ApiClient
from apps.api.limits import RateLimitStatus
from apps.api.problems import Problem
from apps.api.process import ApiRequest, ApiServices
from apps.api.rest.conditional_requests import is_unchanged, require_match, require_write
from apps.api.rest.paging import list_id
from apps.api.rest.request_parsing import BodyParser, read_body, read_query
from apps.api.rest.request_schemas import NoQuery
from apps.api.rest.responses import ApiResponse, CsvRenderer, JsonRenderer, NdjsonRenderer, Negotiation, weak_etag
from apps.api.scopes import Scope
from core.errors import ServiceUnavailable

P = ParamSpec("P")
T = TypeVar("T")
TABLES: list[type[BaseRenderer]] = [JsonRenderer, CsvRenderer, NdjsonRenderer]


class ApiView(APIView):
    """A view of the API. `scopes` maps methods to the scope that a key needs; other methods need no key.

    `dispatch` awaits the steps of Django REST framework, because the framework's own version cannot await, and adrf's
    runs them in a thread.
    """

    schema = Schema()
    view_is_async = True
    scopes: ClassVar[Mapping[str, Scope]] = {}
    renderer_classes = [JsonRenderer]
    parser_classes = [BodyParser]
    content_negotiation_class = Negotiation
    permission_classes = [HasScope]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    services: ApiServices
    client: ApiClient | None = None
    rate_limit_status: RateLimitStatus | None = None
    # The parameters of the query, validated by the operation's schema.
    query: Mapping[str, Any]

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        self.format_kwarg = kwargs.pop("format", None)
        self.args, self.kwargs = args, kwargs
        self.services = cast(ApiRequest, request).services
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = {}
        try:
            handler = self._handler()
            await self.prepare(self.request, getattr(handler, "query", None) or NoQuery)
            response: HttpResponseBase = self.finalize_response(
                self.request, await handler(self.request, *args, **kwargs)
            )
            if response.status_code == 304 and self.client is not None:
                self.rate_limit_status = await self.services.rate_limiter.refund(self.client)
        except Exception as error:
            response = self.handle_exception(error)
        for name, value in (self.rate_limit_status.headers() if self.rate_limit_status else {}).items():
            if name not in response:
                response[name] = value
        return response

    async def prepare(self, request: Request, query: type[Serializer[Any]]) -> None:
        """Choose the format, authenticate the client, apply its limits, and parse the query.

        Raises: Problem, including when a precondition of a POST fails.
        """
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        await self.authenticate(request)
        self.check_permissions(request)  # defense: key-scopes
        self.query = read_query(query, request.META.get("QUERY_STRING", ""))
        if request.method == "POST":
            # POST adds to a list, which exists and has no strong tag.
            require_write(request.headers, "")

    async def authenticate(self, request: Request) -> None:
        """Authenticate the client by its key, and count the request. Raises: Problem."""
        address, rate_limiter = request.META.get("REMOTE_ADDR", ""), self.services.rate_limiter
        if self.scope is None:
            await rate_limiter.take_anonymous(address)
            return
        header = request.META.get("HTTP_AUTHORIZATION", "")
        client = await authenticate(self.services.clients, rate_limiter, header, address)
        request.auth = self.client = client
        self.rate_limit_status = await rate_limiter.take(client, address)

    @property
    def scope(self) -> Scope | None:
        """The scope that the request needs, or None if it needs no key."""
        method = (self.request.method or "").lower()
        return self.scopes.get("get" if method == "head" else method)

    @property
    def api_client(self) -> ApiClient:
        """The client whose API key was sent; only for operations that require a scope."""
        assert self.client is not None  # noqa: S101  only operations without a scope have no client
        return self.client

    @property
    def path(self) -> str:
        """The path of the request without its format suffix."""
        return self.request.path.removesuffix(f".{self.format_kwarg}")

    @property
    def list_id(self) -> str:
        """The id of the list that the request pages through."""
        return list_id(self.path, self.query, self.api_client.owner_id)

    def conditional_response(self, version: str, cache_control: str) -> ApiResponse:
        """Return a 304 to a client that has this version of the resource, or else a 200 for the handler to complete.

        The entity tag also depends on the request, the format and the API description, so an upgrade may change it.
        """
        request = self.request
        parts = [self.path, request.META.get("QUERY_STRING", ""), request.accepted_media_type, version]
        etag = weak_etag("\n".join(parts).encode() + description_digest())
        require_match(request.headers, etag)
        status = 304 if is_unchanged(request.headers, etag) else 200
        return ApiResponse(None, cache_control, etag=etag, status=status)

    async def render_in_thread(self, response: ApiResponse) -> ApiResponse:
        """Render a large response in a thread, so that it does not delay live frames and other requests."""
        self._set_format(self.request, response)
        await sync_to_async(response.render, thread_sensitive=False)()
        return response

    def finalize_response(self, request: Request, response: Any, *_: Any, **__: Any) -> Any:
        """Render a response, or turn it into a 304. Raises: Problem, if an If-Match fails."""
        if not isinstance(response, ApiResponse):
            return response
        self._set_format(request, response)
        response.render()
        etag = response.add_etag()
        if response.status_code == 200 and request.method in ("GET", "HEAD"):
            if "If-Match" in request.headers:
                require_match(request.headers, etag)
            if etag and is_unchanged(request.headers, etag):
                headers = {"Cache-Control": response["Cache-Control"], "ETag": etag}
                return HttpResponse(status=304, headers=headers)
        return response

    @staticmethod
    def _set_format(request: Request, response: ApiResponse) -> None:
        response.accepted_renderer = request.accepted_renderer
        response.accepted_media_type = request.accepted_media_type

    def body(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the validated fields of the body. Raises: Problem."""
        return read_body(serializer, self.request.data)

    def _handler(self) -> Callable[..., Awaitable[HttpResponseBase]]:
        method = (self.request.method or "").lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None:
            allowed = ", ".join(self.allowed_methods)
            raise Problem("method-not-allowed", f"Allowed methods: {allowed}.", headers={"Allow": allowed})
        typed: Callable[..., Awaitable[HttpResponseBase]] = handler
        return typed


async def run_in_cassandra_thread(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a read from Cassandra in a thread of the default executor. Raises: ServiceUnavailable."""
    if not settings.CASSANDRA_HOSTS:
        raise ServiceUnavailable("history is not configured")
    return await sync_to_async(read, thread_sensitive=False)(*args, **kwargs)


async def run_in_db_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread with a connection to the relational database."""
    result: T = await database_sync_to_async(work, thread_sensitive=False)(*args, **kwargs)
    return result
