"""Base of all views of the API: authenticate the caller, read the request, write the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import exceptions
from rest_framework.renderers import BaseRenderer
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.api.admission import caller_of, require
from apps.api.description.document import description_digest
from apps.api.description.schema import Schema, query_of
from apps.api.keys.queries import Caller
from apps.api.limits import Left, running_limits
from apps.api.problems import Problem, Wrong
from apps.api.rest.conditions import is_unchanged, require_match
from apps.api.rest.inputs import FORMAT, BodyParser, invalid, problem_of, read_body, read_query
from apps.api.rest.negotiation import choose
from apps.api.rest.request_schemas import NoQuery
from apps.api.rest.responses import Answer, CsvRenderer, JsonRenderer, NdjsonRenderer, weak_tag
from apps.api.scopes import Scope
from apps.api.usage import running_meter
from core.errors import NotFound, Refused, ServiceAway
from core.inputs.names import BadName, NameTaken

P = ParamSpec("P")
T = TypeVar("T")
TABLES: list[type[BaseRenderer]] = [JsonRenderer, CsvRenderer, NdjsonRenderer]


class ApiView(APIView):
    """A view of the API. `scopes`: what a key needs by method; a method that is not among them is open to everybody."""

    schema = Schema()
    view_is_async = True
    scopes: ClassVar[Mapping[str, Scope]] = {}
    renderer_classes = [JsonRenderer]
    parser_classes = [BodyParser]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    caller: Caller
    left: Left | None = None
    # What the query asks for, as the serializer of the operation reads it.
    query: Mapping[str, Any]

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        self.format_kwarg = kwargs.pop("format", None)
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = {}
        try:
            response = await self.respond(request, *args, **kwargs)
        except Problem as problem:
            problem.headers = {**(self.left.headers() if self.left else {}), **problem.headers}
            self.count(problem.code)
            raise
        if response.status_code == 304 and hasattr(self, "caller"):
            self.left = await running_limits().give_back(self.caller)
        for name, value in (self.left.headers() if self.left else {}).items():
            response[name] = value
        self.count("")
        return response

    async def respond(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the answer to a request. Raises: Problem."""
        handler = getattr(self, (request.method or "").lower(), None)
        if handler is None or (request.method or "").lower() not in self.http_method_names:
            allowed = ", ".join(self.allowed_methods)
            raise Problem("method-not-allowed", f"Allowed methods: {allowed}.", headers={"Allow": allowed})
        try:
            self.accept()
            await self.admit()
            self.query = read_query(query_of(handler) or NoQuery, self.request.META.get("QUERY_STRING", ""))
            return self.written(await handler(self.request, *args, **kwargs))
        except exceptions.APIException as error:
            raise problem_of(error) from None
        except NotFound as error:
            raise Problem("not-found", str(error)) from None
        except BadName as error:
            raise invalid([Wrong("name", str(error))]) from None
        except NameTaken as error:
            raise Problem("refused", str(error), [Wrong("name", str(error))]) from None
        except Refused as error:
            raise Problem("refused", str(error)) from None
        except ServiceAway:
            detail = "What the answer is made of cannot be read just now."
            raise Problem("service-away", detail, headers={"Retry-After": "2"}) from None

    @property
    def path(self) -> str:
        """The path of the request without a format at its end."""
        return self.request.path.removesuffix(f".{self.format_kwarg}")

    def accept(self) -> None:
        """Choose the format. Raises: Problem."""
        named = self.format_kwarg or self.request.GET.get(FORMAT)
        renderer = choose(tuple(self.renderer_classes), self.request.META.get("HTTP_ACCEPT", ""), named)
        self.request.accepted_renderer, self.request.accepted_media_type = renderer, renderer.media_type

    async def admit(self) -> None:
        """Find out who asks, and count it. Raises: Problem."""
        address = self.request.META.get("REMOTE_ADDR", "")
        scope = self.scopes.get("get" if self.request.method == "HEAD" else (self.request.method or "").lower())
        if scope is None:
            await running_limits().take_open(address)
            return
        self.caller = await caller_of(self.request.META.get("HTTP_AUTHORIZATION", ""), address)
        self.left = await running_limits().take(self.caller, address)
        require(self.caller, scope)  # defense: key-scopes

    def written(self, answer: Answer | HttpResponseBase) -> HttpResponseBase:
        """Return an answer as it is sent; a handler may have written its own."""
        return self._written(answer) if isinstance(answer, Answer) else answer

    def unchanged(self, version: str, kept: str) -> Answer:
        """Return the answer to a client that has this version of what it asks for, and else one to complete.

        The tag names the request, the format and the description besides: an upgrade changes them all.
        """
        request = self.request
        parts = [self.path, request.META.get("QUERY_STRING", ""), request.accepted_media_type, version]
        tag = weak_tag("\n".join(parts).encode() + description_digest())
        return Answer(None, kept, tag=tag, status=304 if is_unchanged(request.headers, tag) else 200)

    def _written(self, answer: Answer) -> HttpResponse:
        headers = {"Cache-Control": answer.kept, **answer.headers}
        if answer.status in (204, 304):
            return HttpResponse(status=answer.status, headers=headers | ({"ETag": answer.tag} if answer.tag else {}))
        renderer: Any = self.request.accepted_renderer  # one of ours
        content: bytes = renderer.render(answer)
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        response = HttpResponse(
            content, content_type=renderer.media_type + charset, status=answer.status, headers=headers
        )
        if tag := answer.tag_of(content):
            response["ETag"] = tag
            if self.request.method in ("GET", "HEAD"):
                require_match(self.request.headers, tag)
                if is_unchanged(self.request.headers, tag):
                    return HttpResponse(status=304, headers={"Cache-Control": answer.kept, "ETag": tag})
        return response

    def count(self, code: str) -> None:
        """Note for the usage page how a request ended."""
        if hasattr(self, "caller"):
            running_meter().count(self.caller.key_id, code)

    def body(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the fields of the body. Raises: Problem."""
        return read_body(serializer, self.request.data)


async def run_in_cassandra_thread(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a read of history in a thread of its own. Raises: ServiceAway."""
    if not settings.CASSANDRA_HOSTS:
        raise ServiceAway("history is not set up")
    return await sync_to_async(read, thread_sensitive=False)(*args, **kwargs)


async def run_in_db_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a database function in a thread that keeps its connection."""
    done: T = await database_sync_to_async(work, thread_sensitive=False)(*args, **kwargs)
    return done
