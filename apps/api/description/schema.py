"""Describes the operations of a view beyond their serializers: headers, problems, scopes and text formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema

from apps.api.problems import DOCS_PREFIX, MEDIA_TYPE, PROBLEM_TYPES

Method = TypeVar("Method", bound=Callable[..., Any])

# Media types other than JSON, with their descriptions.
_TEXT: Mapping[str, str] = {
    "text/csv": "A header row with units in parentheses, then one line per row (RFC 4180, UTF-8).",
    "application/x-ndjson": 'One object per line: {"schema": {field: unit}} first, then the rows.',
    "text/event-stream": "Server-sent events: see the description of this operation.",
}
# Extension that marks an operation during generation; it is not part of the result.
_HAS_ETAG = "x-has-etag"
_SUCCESS: Mapping[str, str] = {"200": "Done.", "201": "Created.", "204": "Deleted."}
_PROBLEM_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_HEADERS: Mapping[str, str] = {
    "X-Request-Id": "Request ID; include it when you contact support.",
    "RateLimit-Policy": "Limits that apply to this request: the quota (`q`) per window (`w`, in seconds).",
    "RateLimit": "Remaining requests (`r`), and seconds until the quota is full again (`t`).",
    "ETag": "Version of the response. Send it as `If-None-Match` to get a free 304 while it is current.",
    "Cache-Control": "Time for which the response may be cached.",
    "Retry-After": "Seconds to wait before retrying.",
    "Location": "Path of the created resource.",
    "WWW-Authenticate": "How to authenticate: with a bearer token.",
}
# Descriptions of parameters that no schema describes.
_PARAMETERS: Mapping[str, str] = {
    "channel_id": "Twitch ID of the channel.",
    "format": "Format of the response. Takes precedence over the `Accept` header.",
    "key": "Key of the metric, as in the list of metrics.",
    "metric": "Key of the board's metric, as in the list of boards.",
    "segment_id": "ID of the segment, as in the list of segments.",
    "stream_id": "ID of the stream, as in the channel's list of streams.",
    "watchlist_id": "ID of the watchlist, as in the list of watchlists.",
}
_SCHEMAS: Mapping[str, Any] = {
    "Retry-After": {"type": "integer", "minimum": 1},
    "Location": {"type": "string", "format": "uri-reference"},
}
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="ETag of the version to change or delete. Returns 412 if the resource has changed since then.",
)
HEADERS: Mapping[str, Any] = {
    name: {"description": text, "schema": _SCHEMAS.get(name, {"type": "string"})} for name, text in _HEADERS.items()
}


def operation(name: str, summary: str, tag: str, **options: Any) -> Callable[[Method], Method]:
    """Describe a method of a view. Options are those of `extend_schema`, plus `query` (a schema) and `etag`.

    The query's schema becomes the attribute `query` of the method. `etag=True` means that responses have an entity
    tag, so that a GET may return 304.
    """
    extensions = {_HAS_ETAG: True} if options.pop("etag", False) else {}
    query = options.pop("query", None)
    parameters = [*([query] if query else []), *options.pop("parameters", [])]
    decorate: Callable[[Method], Method] = extend_schema(
        operation_id=name,
        summary=summary,
        tags=[tag],
        extensions=extensions,
        parameters=parameters,
        **options,
    )

    def describe(method: Method) -> Method:
        operation: Any = decorate(method)
        operation.query = query
        return cast(Method, operation)

    return describe


class Schema(AutoSchema):
    """Completes the generated descriptions of operations."""

    def get_auth(self) -> list[dict[str, Any]]:
        scope = self._scope()
        return [] if scope is None else [{"key": [scope]}]

    def get_description(self) -> str:  # type: ignore[override]  # the stubs' types are those of another class
        """Return an empty default description, because docstrings are written for developers."""
        return ""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        has_etag = operation.pop(_HAS_ETAG, False)
        # Without this, an operation would inherit the description's top-level security.
        operation.setdefault("security", self.get_auth())
        for parameter in operation.get("parameters", []):
            if "description" not in parameter:
                parameter["description"] = _PARAMETERS[parameter["name"]]
        responses = operation["responses"]
        for status, response in responses.items():
            _describe_success(response, status, has_etag, needs_key=self._scope() is not None)
        if has_etag and self.method == "GET":
            responses["304"] = _not_modified(needs_key=self._scope() is not None)
        for status, codes in self._problems():
            responses[str(status)] = _problem(status, codes, needs_key=self._scope() is not None)
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _scope(self) -> str | None:
        scope = getattr(self.view, "scopes", {}).get(self.method.lower())
        return None if scope is None else str(scope)

    def _problems(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the error statuses that the operation may return, and their codes."""
        statuses = {400, 406, 412, 429, 500, 503}
        if self._scope() is not None:
            statuses |= {401, 403}
        if "{" in self.path:
            statuses.add(404)
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            statuses |= {409, 413, 415}
        for status in sorted(statuses):
            yield status, [code for code, problem in PROBLEM_TYPES.items() if problem.status == status]


def _describe_success(response: dict[str, Any], status: str, has_etag: bool, *, needs_key: bool) -> None:
    names = ["X-Request-Id", "Cache-Control"]
    names += ["ETag"] if has_etag else []
    names += ["RateLimit", "RateLimit-Policy"] if needs_key else []
    names += ["Location"] if status == "201" else []
    response["headers"] = _headers(*names)
    response["description"] = response["description"] or _SUCCESS[status]
    for media_type, text in _TEXT.items():
        if media_type in response.get("content", {}):
            response["content"][media_type] = {"schema": {"type": "string", "description": text}}


def _not_modified(*, needs_key: bool) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control", "ETag", *(["RateLimit", "RateLimit-Policy"] if needs_key else [])]
    description = "Not modified. Does not count against the limits of your plan."
    return {"description": description, "headers": _headers(*names)}


def _problem(status: int, codes: list[str], *, needs_key: bool) -> dict[str, Any]:
    example = {
        "type": f"{DOCS_PREFIX}{codes[0]}",
        "title": PROBLEM_TYPES[codes[0]].title,
        "status": status,
        "detail": f"{PROBLEM_TYPES[codes[0]].title}.",
        "code": codes[0],
        "request_id": "8dd27572dc52c8b3",
    }
    is_counted = status == 429 or (needs_key and status not in (401, 406))
    limits = ("RateLimit", "RateLimit-Policy") if is_counted else ()
    names = ["X-Request-Id", *_PROBLEM_HEADERS.get(status, ()), *limits]
    return {
        "description": "A problem: " + ", ".join(f"`{code}`" for code in codes) + ".",
        "headers": _headers(*names),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
