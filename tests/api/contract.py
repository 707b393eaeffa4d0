"""Validates responses against the OpenAPI description: anything not described is a failure."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import httpx
import orjson
from jsonschema import Draft202012Validator, FormatChecker

from apps.api.description.document import description

# Number of validated responses by operation and status.
CHECKED: Counter[str] = Counter()


def check_response(method: str, path: str, response: httpx.Response) -> None:
    """Fail if a response does not match the description of its operation."""
    assert re.fullmatch("[0-9a-f]{16}", response.headers.get("X-Request-Id", "")), "no request id"
    operation = operation_of(method, path)
    if operation is None:
        check_problem(response, {404, 405, 413})
        return
    described = operation["responses"].get(str(response.status_code))
    if described is None:
        # Rejected before the operation is known.
        check_problem(response, {404, 405, 413})
        return
    names = {name.lower() for name in response.headers}
    assert {"etag", "location"} & {name.lower() for name in described["headers"]} <= names
    content = described.get("content", {})
    if not content or method == "HEAD":
        assert not response.content
    else:
        media_type = response.headers["Content-Type"].partition(";")[0]
        assert media_type in content, f"{media_type} is not described"
        if media_type.endswith("json") and not media_type.endswith("ndjson"):
            validator(orjson.dumps(content[media_type]["schema"])).validate(orjson.loads(response.content))
    CHECKED[f"{operation['operationId']} {response.status_code}"] += 1


def check_problem(response: httpx.Response, statuses: set[int]) -> None:
    assert response.status_code in statuses, f"{response.status_code} is not described"
    assert response.headers["Content-Type"] == "application/problem+json"
    validator(b'{"$ref": "#/components/schemas/Problem"}').validate(orjson.loads(response.content))


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation for a request; a format suffix in the path is ignored."""
    base_path = re.sub(r"\.(json|csv|ndjson)$", "", path.partition("?")[0])
    for template, operations in description()["paths"].items():
        pattern = re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, base_path) and ("{" not in template or base_path not in description()["paths"]):
            operation: dict[str, Any] | None = operations.get("get" if method == "HEAD" else method.lower())
            return operation
    return None


@cache
def validator(schema: bytes) -> Draft202012Validator:
    """Return a validator for a schema in the description; it rejects properties that the schema does not name."""
    components = _closed(description()["components"])
    closed_schema = {**orjson.loads(schema), "components": components}
    return Draft202012Validator(closed_schema, format_checker=FormatChecker())


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(value) for name, value in part.items()}
    if part.get("type") == "object" and "properties" in part:
        closed.setdefault("additionalProperties", False)
    return closed
