"""The description for people to read: operations by what they are about, each with an example that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from apps.api.description.document import description
from apps.api.problems import KINDS

LANGUAGES: Mapping[str, str] = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}
DEFAULT_LANGUAGE = "curl"
ORDER = ("Boards", "Channels", "History", "Live", "Lists", "About")
# What stands for a name in an address, and what is asked of an operation, in examples.
_NAMED = {"metric": "viewers", "channel_id": "CHANNEL", "stream_id": "STREAM", "key": "engagement"}
_ASKED = {
    "get_board": "?n=3",
    "list_channels": "?live=true&limit=5",
    "get_series": "?range=1h&metrics=viewers,messages",
    "list_events": "?range=24h",
    "stream_live": "?boards=viewers&n=10",
}
_SENT = {"create_watchlist": {"name": "January"}, "change_watchlist": {"name": "February"}}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One that an operation takes; `kind` is its type with its limits."""

    name: str
    place: str
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Property:
    """A field of an answer; `name` says by dots and brackets where it stands."""

    name: str
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    parameters: list[Parameter]
    body: list[Property]
    answer: list[Property]
    media_types: list[str]
    example: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    operations: list[Operation]


@lru_cache(maxsize=16)
def sections(root: str, language: str) -> list[Section]:
    """Return all operations; `root` is the address of this copy, `language` that of the examples."""
    found: dict[str, list[Operation]] = {name: [] for name in ORDER}
    for path, methods in description()["paths"].items():
        for method, fields in methods.items():
            found[fields["tags"][0]].append(_operation(root, language, method.upper(), path, fields))
    return [Section(name, operations) for name, operations in found.items()]


def problems_shown() -> list[tuple[str, int, str]]:
    """Return the codes of problems with their status and title."""
    return [(code, kind.status, kind.title) for code, kind in KINDS.items()]


def _operation(root: str, language: str, method: str, path: str, fields: dict[str, Any]) -> Operation:
    done = next(response for status, response in sorted(fields["responses"].items()) if status.startswith("2"))
    content = done.get("content", {})
    sent = fields.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    security = fields.get("security") or [{}]
    return Operation(
        fields["operationId"],
        method,
        path,
        fields["summary"],
        fields.get("description", ""),
        next(iter(security[0].get("key", [])), ""),
        [_parameter(one) for one in fields.get("parameters", [])],
        _properties(sent),
        _properties(content.get("application/json", {}).get("schema", {})),
        list(content),
        example(root, language, method, path, fields["operationId"]),
    )


def _parameter(fields: dict[str, Any]) -> Parameter:
    schema = fields["schema"]
    said = fields.get("description", "") or schema.get("description", "")
    return Parameter(fields["name"], fields["in"], _kind(schema), said)


def _properties(schema: dict[str, Any], before: str = "") -> list[Property]:
    found = []
    resolved = _resolved(schema)
    for name, one in resolved.get("properties", {}).items():
        is_list = one.get("type") == "array"
        inner = one.get("items", {}) if is_list else _part(one)
        place = f"{before}{name}{'[]' if is_list else ''}"
        found.append(Property(place, _kind(one), one.get("description", "") or _resolved(inner).get("description", "")))
        found += _properties(inner, f"{place}.")
    return found


def _part(schema: dict[str, Any]) -> dict[str, Any]:
    return next(iter(schema["allOf"]), {}) if "allOf" in schema else schema


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = description()["components"]["schemas"][name] if name else schema
    return resolved


def _kind(schema: dict[str, Any]) -> str:
    """Return a type with what limits it, in a few words."""
    kinds = schema.get("type", "object")
    words = [" or ".join([kinds] if isinstance(kinds, str) else kinds)]
    if "enum" in schema:
        words = [", ".join(str(one) for one in schema["enum"])]
    if "x-known-values" in schema:
        words = [", ".join(schema["x-known-values"]), "or a later value"]
    if schema.get("format") == "date-time":
        words = [words[0].replace("string", "time")]
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "default" in schema:
        words.append(f"default {orjson.dumps(schema['default']).decode()}")
    return ", ".join(words)


def example(root: str, language: str, method: str, path: str, name: str) -> str:
    """Return a program that calls an operation, with the key in TWITCHLY_KEY."""
    for key, value in (*_NAMED.items(), ("watchlist_id", "1"), ("segment_id", "1")):
        path = path.replace(f"{{{key}}}", value)
    url, sent = f"{root.rstrip('/')}{path}{_ASKED.get(name, '')}", _SENT.get(name)
    write = {"curl": _curl, "python": _python, "javascript": _javascript}[language]
    return write(method, url, sent, is_stream=name == "stream_live")


def _curl(method: str, url: str, sent: Any, *, is_stream: bool) -> str:
    words = ["curl", *(["--no-buffer"] if is_stream else []), *([] if method == "GET" else ["-X", method])]
    words.append('-H "Authorization: Bearer $TWITCHLY_KEY"')
    if sent is not None:
        words += ["-H 'Content-Type: application/json'", f"-d '{orjson.dumps(sent).decode()}'"]
    return f"{' '.join(words)} \\\n  '{url}'"


def _python(method: str, url: str, sent: Any, *, is_stream: bool) -> str:
    head = 'import os\n\nimport httpx\n\nheaders = {"Authorization": f"Bearer {os.environ[\'TWITCHLY_KEY\']}"}\n'
    if is_stream:
        return (
            f'{head}with httpx.stream("GET", "{url}", headers=headers, timeout=30) as response:\n'
            '    for line in response.iter_lines():\n        if line.startswith("data: "):\n            print(line[6:])'
        )
    body = "" if sent is None else f", json={sent!r}".replace("'", '"')
    call = f'response = httpx.request("{method}", "{url}", headers=headers{body})'
    return f"{head}{call}\nresponse.raise_for_status()\nprint(response.text)"


def _javascript(method: str, url: str, sent: Any, *, is_stream: bool) -> str:
    headers = "Authorization: `Bearer ${process.env.TWITCHLY_KEY}`"
    if sent is not None:
        headers += ', "Content-Type": "application/json"'
    options = [f"headers: {{ {headers} }}"]
    options = [*([] if method == "GET" else [f'method: "{method}"']), *options]
    if sent is not None:
        options.append(f"body: JSON.stringify({orjson.dumps(sent).decode()})")
    call = f'const response = await fetch("{url}", {{\n  {f",{chr(10)}  ".join(options)},\n}});'
    if is_stream:
        return f"{call}\nfor await (const part of response.body) console.log(Buffer.from(part).toString());"
    return f"{call}\nif (!response.ok) throw new Error(await response.text());\nconsole.log(await response.text());"
