"""Holds answers of the API against its description: what is not described there is a failure."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import httpx
import orjson
from jsonschema import Draft202012Validator, FormatChecker

from apps.api.description.document import description

# How many answers were checked, by operation and status.
CHECKED: Counter[str] = Counter()


def check(method: str, path: str, response: httpx.Response) -> None:
    """Fail where an answer is not as the description of its operation says."""
    assert re.fullmatch("[0-9a-f]{16}", response.headers.get("X-Request-Id", "")), "an answer has no request id"
    found = operation_of(method, path)
    if found is None:
        check_problem(response, {404, 405, 413})
        return
    described = found["responses"].get(str(response.status_code))
    if described is None:
        # What a request can be refused with before anybody looks at the operation.
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
    CHECKED[f"{found['operationId']} {response.status_code}"] += 1


def check_problem(response: httpx.Response, statuses: set[int]) -> None:
    assert response.status_code in statuses, f"{response.status_code} is not described"
    assert response.headers["Content-Type"] == "application/problem+json"
    validator(b'{"$ref": "#/components/schemas/Problem"}').validate(orjson.loads(response.content))


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation that a request is one of; a format at the end of an address is no part of it."""
    bare = re.sub(r"\.(json|csv|ndjson)$", "", path.partition("?")[0])
    for template, operations in description()["paths"].items():
        pattern = re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, bare) and ("{" not in template or bare not in description()["paths"]):
            found: dict[str, Any] | None = operations.get("get" if method == "HEAD" else method.lower())
            return found
    return None


@cache
def validator(schema: bytes) -> Draft202012Validator:
    """Return what checks a schema of the description, with every object closed: nothing undescribed passes."""
    components = _closed(description()["components"])
    whole = {**orjson.loads(schema), "components": components}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(one) for name, one in part.items()}
    if part.get("type") == "object" and "properties" in part:
        closed.setdefault("additionalProperties", False)
    return closed
