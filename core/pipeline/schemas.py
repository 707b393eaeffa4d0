"""JSON Schemas of the topics, generated from core/pipeline/record_types.py. Source: JSON Schema, draft 2020-12."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, get_args, get_origin, get_type_hints

from core.pipeline import record_types
from core.pipeline.record_types import Count, Limits
from core.pipeline.records import Grain
from core.pipeline.topics import TOPIC

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {int: "integer", str: "string", bool: "boolean"}
_CHAT = (
    record_types.TextRecord,
    record_types.PulseRecord,
    record_types.RemovalRecord,
    record_types.WatermarkRecord,
)
_WINDOW_GRAINS: Mapping[str, tuple[Grain, ...]] = {
    "windows-live": ("live",),
    "windows-distinct": ("live_distinct",),
    "windows": ("minute", "hour", "hour_distinct"),
}


def topic_schemas(columns: Mapping[Grain, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Return the schema of each topic's records by the topic's name; `columns` maps grains to column names."""
    records = {"chat": [_object(kind) for kind in _CHAT], "channel-events": [_object(record_types.ChannelEventRecord)]}
    for topic, grains in _WINDOW_GRAINS.items():
        records[topic] = [_window(grain, columns[grain]) for grain in grains]
    return {topic: _schema(topic, kinds) for topic, kinds in records.items()}


def _schema(topic: str, kinds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    writer, readers = TOPIC[topic].writer, ", ".join(TOPIC[topic].readers)
    head = {"$schema": DRAFT, "title": topic, "$comment": f"Written by {writer}, read by {readers}."}
    return head | (dict(kinds[0]) if len(kinds) == 1 else {"oneOf": list(kinds)})


def _window(grain: Grain, columns: Sequence[str]) -> dict[str, Any]:
    schema = _object(record_types.WindowFields)
    schema["properties"] |= {"grain": {"const": grain}} | {name: _value(Count) for name in columns}
    return schema


def _object(record: type) -> dict[str, Any]:
    """Return the schema of a TypedDict. Additional fields are allowed, because new versions only add fields."""
    hints = get_type_hints(record, include_extras=True)
    return {
        "type": "object",
        "description": " ".join((record.__doc__ or "").split()),
        "properties": {name: _value(hint) for name, hint in hints.items()},
        "required": sorted(name for name, hint in hints.items() if get_origin(hint) is not NotRequired),
    }


def _value(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return _value(arguments[0])
    if origin is Literal:
        return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
    if origin is Annotated:
        return _value(arguments[0]) | _limits(arguments[1])
    return {"type": _TYPES[hint]}


def _limits(limits: Limits) -> dict[str, Any]:
    names = {
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "maxLength": limits.max_length,
        "pattern": limits.pattern,
    }
    return {name: value for name, value in names.items() if value is not None}
