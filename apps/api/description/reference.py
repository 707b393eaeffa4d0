"""The API reference page: operations by section, each with a runnable example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pprint import pformat
from typing import Any

import orjson

from apps.api.description.document import description
from apps.api.description.examples import BODIES
from apps.api.problems import PROBLEM_TYPES

LANGUAGES: Mapping[str, str] = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}
DEFAULT_LANGUAGE = "curl"
ORDER = ("Boards", "Channels", "History", "Live", "Lists", "About")
# Path parameters, query strings and bodies of the examples.
_PATH_PARAMETERS = {"metric": "viewers", "channel_id": "CHANNEL", "stream_id": "STREAM", "key": "engagement"}
_QUERIES = {
    "get_board": "?n=3",
    "list_channels": "?live=true&limit=5",
    "get_series": "?range=1h&metrics=viewers,messages",
    "list_events": "?range=24h",
    "stream_live": "?boards=viewers&n=10",
}
_BODIES = {**BODIES, "create_watchlist": {"name": "January"}, "change_watchlist": {"name": "February"}}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation; `kind` is its type and limits."""

    name: str
    location: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class Property:
    """A field of a body or response; `name` is its path, such as `rows[].value`."""

    name: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as shown on the page."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    parameters: list[Parameter]
    body: list[Property]
    response: list[Property]
    media_types: list[str]
    example: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    operations: list[Operation]


@lru_cache(maxsize=16)
def sections(root: str, language: str) -> list[Section]:
    """Return all operations, by section; `root` is this instance's URL, `language` the language of the examples."""
    by_tag: dict[str, list[Operation]] = {name: [] for name in ORDER}
    for path, methods in description()["paths"].items():
        for method, fields in methods.items():
            by_tag[fields["tags"][0]].append(_operation(root, language, method.upper(), path, fields))
    return [Section(name, operations) for name, operations in by_tag.items()]


def problem_rows() -> list[tuple[str, int, str]]:
    """Return the code, status and title of each problem type."""
    return [(code, problem.status, problem.title) for code, problem in PROBLEM_TYPES.items()]


def _operation(root: str, language: str, method: str, path: str, fields: dict[str, Any]) -> Operation:
    success = next(response for status, response in sorted(fields["responses"].items()) if status.startswith("2"))
    content = success.get("content", {})
    body = fields.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    security = fields.get("security") or [{}]
    return Operation(
        fields["operationId"],
        method,
        path,
        fields["summary"],
        fields.get("description", ""),
        next(iter(security[0].get("key", [])), ""),
        [_parameter(parameter) for parameter in fields.get("parameters", [])],
        _properties(body),
        _properties(content.get("application/json", {}).get("schema", {})),
        list(content),
        example(root, language, method, path, fields["operationId"]),
    )


def _parameter(fields: dict[str, Any]) -> Parameter:
    schema = fields["schema"]
    description = fields.get("description", "") or schema.get("description", "")
    return Parameter(fields["name"], fields["in"], _kind(schema), description)


def _properties(schema: dict[str, Any], prefix: str = "") -> list[Property]:
    properties = []
    for name, field in _resolve(schema).get("properties", {}).items():
        is_list = field.get("type") == "array"
        inner = field.get("items", {}) if is_list else _unwrap(field)
        path = f"{prefix}{name}{'[]' if is_list else ''}"
        text = field.get("description", "") or _resolve(inner).get("description", "")
        properties.append(Property(path, _kind(field), text))
        properties += _properties(inner, f"{path}.")
    return properties


def _unwrap(schema: dict[str, Any]) -> dict[str, Any]:
    return next(iter(schema["allOf"]), {}) if "allOf" in schema else schema


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = description()["components"]["schemas"][name] if name else schema
    return resolved


def _kind(schema: dict[str, Any]) -> str:
    """Return a short description of a type and its limits."""
    kinds = schema.get("type", "object")
    words = [" or ".join([kinds] if isinstance(kinds, str) else kinds)]
    if "enum" in schema:
        words = [", ".join(str(value) for value in schema["enum"])]
    if "x-known-values" in schema:
        words = [", ".join(schema["x-known-values"]), "or a value added later"]
    if schema.get("format") == "date-time":
        words = [words[0].replace("string", "time")]
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "default" in schema:
        words.append(f"default {orjson.dumps(schema['default']).decode()}")
    return ", ".join(words)


def example(root: str, language: str, method: str, path: str, name: str) -> str:
    """Return a program that calls an operation with the key in TWITCHLY_KEY."""
    for key, value in (*_PATH_PARAMETERS.items(), ("watchlist_id", "1"), ("segment_id", "1")):
        path = path.replace(f"{{{key}}}", value)
    url, body = f"{root.rstrip('/')}{path}{_QUERIES.get(name, '')}", _BODIES.get(name)
    render = {"curl": _curl, "python": _python, "javascript": _javascript}[language]
    return render(method, url, body, is_stream=name == "stream_live")


def _curl(method: str, url: str, body: Any, *, is_stream: bool) -> str:
    words = ["curl", *(["--no-buffer"] if is_stream else []), *([] if method == "GET" else ["-X", method])]
    words.append('-H "Authorization: Bearer $TWITCHLY_KEY"')
    if body is not None:
        words += ["-H 'Content-Type: application/json'", f"-d '{_json(body)}'"]
    return f"{' '.join(words)} \\\n  '{url}'"


def _python(method: str, url: str, body: Any, *, is_stream: bool) -> str:
    head = 'import os\n\nimport httpx\n\nheaders = {"Authorization": f"Bearer {os.environ[\'TWITCHLY_KEY\']}"}\n'
    if is_stream:
        return (
            f'{head}with httpx.stream("GET", "{url}", headers=headers, timeout=30) as response:\n'
            '    for line in response.iter_lines():\n        if line.startswith("data: "):\n            print(line[6:])'
        )
    argument = "" if body is None else f", json={pformat(body, sort_dicts=False)}".replace("'", '"')
    call = f'response = httpx.request("{method}", "{url}", headers=headers{argument})'
    return f"{head}{call}\nresponse.raise_for_status()\nprint(response.text)"


def _javascript(method: str, url: str, body: Any, *, is_stream: bool) -> str:
    headers = "Authorization: `Bearer ${process.env.TWITCHLY_KEY}`"
    if body is not None:
        headers += ', "Content-Type": "application/json"'
    options = [f"headers: {{ {headers} }}"]
    options = [*([] if method == "GET" else [f'method: "{method}"']), *options]
    if body is not None:
        options.append(f"body: JSON.stringify({_json(body)})")
    call = f'const response = await fetch("{url}", {{\n  {f",{chr(10)}  ".join(options)},\n}});'
    if is_stream:
        return f"{call}\nfor await (const part of response.body) console.log(Buffer.from(part).toString());"
    return f"{call}\nif (!response.ok) throw new Error(await response.text());\nconsole.log(await response.text());"


def _json(body: Any) -> str:
    """Return a body as JSON, one member per line if there are several."""
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 if len(body) > 1 else None).decode()
