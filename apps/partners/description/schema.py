"""How one view is described: what its serializers do not say, every answer has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema

from apps.partners.problems import KINDS, MEDIA_TYPE

Method = TypeVar("Method", bound=Callable[..., Any])

# Which of our media types are no JSON, and how they are described.
_TEXT: Mapping[str, str] = {
    "text/csv": "A head, in which units stand in parentheses, then a line a row; RFC 4180, UTF-8.",
    "application/x-ndjson": 'One object a line: {"schema": {field: unit}} first, then the rows.',
    "text/event-stream": "Server-sent events: see the description of this operation.",
}
_TAGGED = "x-tagged"
_HEADERS: Mapping[str, str] = {
    "X-Request-Id": "Names this request: tell it when you ask us about it.",
    "RateLimit-Policy": "The limits of this key: how many (`q`) within how many seconds (`w`).",
    "RateLimit": "What is left of them (`r`), and after how many seconds they are whole again (`t`).",
    "ETag": "Names this version: send it as If-None-Match.",
    "Cache-Control": "How long the answer may be kept.",
    "Retry-After": "Seconds after which trying again helps.",
    "Allow": "The methods that there are.",
    "Location": "Where what was made is found.",
}
HEADERS: Mapping[str, Any] = {
    name: {"description": said, "schema": {"type": "integer" if name == "Retry-After" else "string"}}
    for name, said in _HEADERS.items()
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

    def get_description(self) -> str:  # type: ignore[override]  # its types are those of another class
        """Return what an operation without a description says: nothing, for docstrings are for who reads the code."""
        return ""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        found: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if found is None:
            return None
        is_tagged = found.pop(_TAGGED, False)
        responses = found["responses"]
        for status, response in responses.items():
            _describe_success(response, status, is_tagged, keyed=self._scope() is not None)
        if is_tagged:
            responses["304"] = {"description": "It has not changed.", "headers": _headers("X-Request-Id", "ETag")}
        for status, codes in self._problems():
            responses[str(status)] = _problem(status, codes)
        found["responses"] = dict(sorted(responses.items()))
        return found

    def _scope(self) -> str | None:
        scope = getattr(self.view, "scopes", {}).get(self.method.lower())
        return None if scope is None else str(scope)

    def _problems(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the statuses that the operation may end with, and their codes."""
        statuses = {400, 406, 429, 500, 503}
        if self._scope() is not None:
            statuses |= {401, 403}
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
    for media_type, said in _TEXT.items():
        if media_type in response.get("content", {}):
            response["content"][media_type] = {"schema": {"type": "string", "description": said}}


def _problem(status: int, codes: list[str]) -> dict[str, Any]:
    names = ["X-Request-Id", *(["Retry-After", "RateLimit", "RateLimit-Policy"] if status in (429, 503) else [])]
    return {
        "description": "A problem: " + ", ".join(f"`{code}`" for code in codes) + ".",
        "headers": _headers(*names),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
