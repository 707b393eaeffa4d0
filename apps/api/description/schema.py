"""Describes one view: what its serializers do not say, and what every answer has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema

from apps.api.problems import EXPLAINED, KINDS, MEDIA_TYPE

Method = TypeVar("Method", bound=Callable[..., Any])

# Which of our media types are no JSON, and how they are described.
_TEXT: Mapping[str, str] = {
    "text/csv": "A head, in which units stand in parentheses, then a line a row; RFC 4180, UTF-8.",
    "application/x-ndjson": 'One object a line: {"schema": {field: unit}} first, then the rows.',
    "text/event-stream": "Server-sent events: see the description of this operation.",
}
_TAGGED = "x-tagged"
_DONE: Mapping[str, str] = {"200": "Done.", "201": "Created.", "204": "Deleted."}
_PROBLEM_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_HEADERS: Mapping[str, str] = {
    "X-Request-Id": "Request ID; include it when you contact support.",
    "RateLimit-Policy": "Limits that apply to this request: quota (`q`) per window of seconds (`w`).",
    "RateLimit": "Requests left (`r`), and the seconds until the quota is full again (`t`).",
    "ETag": "Version of the answer. Send it as `If-None-Match` to get a 304 while it is current; a 304 is free.",
    "Cache-Control": "How long the answer may be cached.",
    "Retry-After": "Seconds to wait before the next try.",
    "Location": "Path of the created resource.",
    "WWW-Authenticate": "How to authenticate: with a bearer token.",
}
_SCHEMAS: Mapping[str, Any] = {
    "Retry-After": {"type": "integer", "minimum": 1},
    "Location": {"type": "string", "format": "uri-reference"},
}
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="ETag of the version to change. If the resource has changed since, nothing is done: 412.",
)
HEADERS: Mapping[str, Any] = {
    name: {"description": said, "schema": _SCHEMAS.get(name, {"type": "string"})} for name, said in _HEADERS.items()
}


def operation(name: str, summary: str, tag: str, **more: Any) -> Callable[[Method], Method]:
    """Describe a method of a view. `tagged`: its answers have an entity tag, so they may be "304 Not Modified"."""
    extensions = {_TAGGED: True} if more.pop("tagged", False) else {}
    query = more.pop("query", None)
    parameters = [*([query] if query else []), *more.pop("parameters", [])]
    described: Callable[[Method], Method] = extend_schema(
        operation_id=name,
        summary=summary,
        tags=[tag],
        extensions=extensions,
        parameters=parameters,
        **more,
    )

    def describe(method: Method) -> Method:
        operation: Any = described(method)
        operation.query = query
        return cast(Method, operation)

    return describe


def query_of(method: Any) -> Any:
    """Return the serializer of an operation's query, None where it has no parameters."""
    return getattr(method, "query", None)


class Schema(AutoSchema):
    """Completes what drf-spectacular finds out by itself."""

    def get_auth(self) -> list[dict[str, Any]]:
        scope = self._scope()
        return [] if scope is None else [{"key": [scope]}]

    def _is_conditional(self, is_tagged: bool) -> bool:
        return is_tagged or self.method in ("PATCH", "DELETE")

    def get_description(self) -> str:  # type: ignore[override]  # its types are those of another class
        """Return what an operation without a description says: nothing, for docstrings are for who reads the code."""
        return ""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        found: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if found is None:
            return None
        is_tagged = found.pop(_TAGGED, False)
        # Without it, an operation has the security of the whole description.
        found.setdefault("security", self.get_auth())
        responses = found["responses"]
        for status, response in responses.items():
            _describe_success(response, status, is_tagged, keyed=self._scope() is not None)
        if is_tagged and self.method == "GET":
            responses["304"] = _not_modified(keyed=self._scope() is not None)
        for status, codes in self._problems(is_conditional=self._is_conditional(is_tagged)):
            responses[str(status)] = _problem(status, codes, keyed=self._scope() is not None)
        found["responses"] = dict(sorted(responses.items()))
        return found

    def _scope(self) -> str | None:
        scope = getattr(self.view, "scopes", {}).get(self.method.lower())
        return None if scope is None else str(scope)

    def _problems(self, *, is_conditional: bool) -> Iterator[tuple[int, list[str]]]:
        """Yield the statuses that the operation may end with, and their codes."""
        statuses = {400, 406, 429, 500, 503}
        if self._scope() is not None:
            statuses |= {401, 403}
        if is_conditional:
            statuses.add(412)
        if "{" in self.path:
            statuses.add(404)
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            statuses |= {409, 413, 415}
        for status in sorted(statuses):
            yield status, [code for code, kind in KINDS.items() if kind.status == status]


def _describe_success(response: dict[str, Any], status: str, is_tagged: bool, *, keyed: bool) -> None:
    names = ["X-Request-Id", "Cache-Control"]
    names += ["ETag"] if is_tagged else []
    names += ["RateLimit", "RateLimit-Policy"] if keyed else []
    names += ["Location"] if status == "201" else []
    response["headers"] = _headers(*names)
    response["description"] = response["description"] or _DONE[status]
    for media_type, said in _TEXT.items():
        if media_type in response.get("content", {}):
            response["content"][media_type] = {"schema": {"type": "string", "description": said}}


def _not_modified(*, keyed: bool) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control", "ETag", *(["RateLimit", "RateLimit-Policy"] if keyed else [])]
    description = "Not modified since the `If-None-Match`. It counts neither against the key nor against the day."
    return {"description": description, "headers": _headers(*names)}


def _problem(status: int, codes: list[str], *, keyed: bool) -> dict[str, Any]:
    example = {
        "type": f"{EXPLAINED}{codes[0]}",
        "title": KINDS[codes[0]].title,
        "status": status,
        "detail": f"{KINDS[codes[0]].title}.",
        "code": codes[0],
        "request_id": "8dd27572dc52c8b3",
    }
    is_counted = status == 429 or (keyed and status not in (401, 406))
    limits = ("RateLimit", "RateLimit-Policy") if is_counted else ()
    names = ["X-Request-Id", *_PROBLEM_HEADERS.get(status, ()), *limits]
    return {
        "description": "A problem: " + ", ".join(f"`{code}`" for code in codes) + ".",
        "headers": _headers(*names),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
