"""Examples of responses and bodies, generated from their schemas so that they cannot become stale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TIME = "2026-11-23T18:00:00Z"
CSV = "rank,channel_id,login,value (viewers)\r\n1,26301881,ada_plays,12418\r\n"
NDJSON = '{"schema":{"rank":"","value":"viewers"}}\n{"rank":1,"channel_id":"26301881","value":12418}\n'
EVENTS = (
    'retry: 2000\n\nid: 1795456800000-5f0c1a2b3c4d\ndata: {"type":"snapshot","id":"viewers","seq":1,'
    '"board":"viewers","rows":[{"id":"26301881","name":"Ada plays","value":12418}]}\n\n'
)
TEXTS: Mapping[str, str] = {"text/csv": CSV, "application/x-ndjson": NDJSON, "text/event-stream": EVENTS}

_BY_OPERATION: Mapping[str, Any] = {
    "get_description": {"openapi": "3.1.0", "info": {"title": "Twitchly API", "version": "1.0.0"}, "paths": {}},
}
# Bodies of operations for which the required fields alone are not a valid request.
BODIES: Mapping[str, Any] = {
    "query": {
        "channels": ["26301881", "70930005"],
        "metrics": ["viewers", "engagement"],
        "first_day": "2026-11-01",
        "last_day": "2026-11-07",
        "compare": True,
    },
}
# Example values by field name.
_VALUES: Mapping[str, Any] = {
    "band": "10000",
    "category": "Chess",
    "cause": "One of 4 connections to Twitch is closed.",
    "channel_id": "26301881",
    "channels": ["26301881"],
    "code": "invalid-request",
    "coverage": 0.98,
    "coverage_hour": 0.98,
    "coverage_hour_measured_s": 3_540,
    "coverage_on_air": 0.98,
    "created": TIME,
    "decimals": 0,
    "definition": "People watching now, as reported by Twitch and updated every 60 s.",
    "detail": "Some values are invalid; see “errors”.",
    "every_s": 1,
    "field": "n",
    "hours_watched": 41_200.5,
    "id": "26301881",
    "instance": "/api/v1/boards/viewers",
    "key": "viewers",
    "kind": "raid",
    "label": "Most viewed",
    "language": "en",
    "language_name": "English",
    "login": "ada_plays",
    "metric": "viewers",
    "name": "Ada plays",
    "next": None,
    "peak_units": {"viewers": "viewers"},
    "query": "language=English&band=10000",
    "rank": 1,
    "reason": "Ensure this value is greater than or equal to 1.",
    "request_id": "8dd27572dc52c8b3",
    "rule": "connections",
    "status": 400,
    "step_s": 10,
    "title": "Endgames, then a simul",
    "type": "/api/#problem-invalid-request",
    "unit": "viewers",
    "units": {"viewers": "viewers"},
    "unranked": {"spam": "too few messages"},
    "url": "https://www.twitch.tv/ada_plays",
    "value": 12_418,
    "version": 1,
    "window_s": 30,
}
_BY_TYPE: Mapping[str, Any] = {"string": "…", "integer": 1, "number": 1.0, "boolean": False, "null": None}


def add_examples(description: dict[str, Any]) -> None:
    """Add an example to every response and body of a description."""
    schemas = description["components"]["schemas"]
    for methods in description["paths"].values():
        for operation in methods.values():
            contents = [operation.get("requestBody", {}), *operation["responses"].values()]
            if body := BODIES.get(operation["operationId"]):
                operation["requestBody"]["content"]["application/json"]["example"] = body
            for media_type, content in ((m, c) for body in contents for m, c in body.get("content", {}).items()):
                example = _BY_OPERATION.get(operation["operationId"]) or TEXTS.get(media_type)
                content.setdefault("example", example or example_of(content["schema"], schemas))


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """Return an example value for a schema; `name` is the field's name."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    if "allOf" in schema:
        return example_of(schema["allOf"][0], schemas, name)
    types = schema.get("type", "object")
    kind = types if isinstance(types, str) else types[0]
    if "examples" in schema:
        return schema["examples"][0]
    if name in _VALUES and _fits(_VALUES[name], types):
        return _VALUES[name]
    if "oneOf" in schema or "anyOf" in schema:
        return example_of(schema.get("oneOf", schema.get("anyOf"))[0], schemas, name)
    if schema.get("format") in ("date-time", "date"):
        return TIME if schema["format"] == "date-time" else TIME[:10]
    if kind == "array":
        return [example_of(schema["items"], schemas, name)]
    if kind == "object":
        return _object(schema, schemas)
    return _BY_TYPE[kind]


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and values:
        return {"viewers": example_of(values, schemas, "value")}
    required = schema.get("required", [])
    # If all fields are optional, as in the values by metric, the example contains only the first field.
    names = required or list(schema.get("properties", {}))[:1]
    properties = schema.get("properties", {})
    return {name: example_of(field, schemas, name) for name, field in properties.items() if name in names}


def _fits(value: Any, types: str | list[str]) -> bool:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    name = names.get(type(value), "null")
    allowed = [types] if isinstance(types, str) else types
    return name in allowed or (name == "integer" and "number" in allowed)
