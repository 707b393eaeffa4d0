"""Base classes for the response schemas, and fields that convert their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any

from rest_framework import serializers

STATES = ["live", "quiet", "ended", "stale"]
LANGUAGE = "Twitch's language code; empty if unknown."
LANGUAGE_NAME = "English name of `language`."
COVERAGE = "Share of the time in which the channel was heard, 0 to 1."
Convert = Callable[[Any], Any]


class ResponseSchema(serializers.Serializer[Any]):
    # Names with a meaning in Python or in serializers end with an underscore. No docstring: a schema's docstring
    # becomes its description, and this one would be inherited.
    def get_fields(self) -> dict[str, Any]:
        return {name.removesuffix("_"): field for name, field in super().get_fields().items()}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return self.produce(instance)

    @classmethod
    def produce(cls, instance: Any) -> dict[str, Any]:
        """Return the document for an object; the sources of the fields name the object's attributes."""
        document: dict[str, Any] = _producer(cls)(instance)
        return document

    @classmethod
    def produce_list(cls, instances: Any) -> list[Any]:
        """Return the documents for several objects."""
        return list(map(_producer(cls), instances))


class PairSchema(ResponseSchema):
    # A list of pairs is built from the items of a mapping, sorted by key.
    @classmethod
    def produce_list(cls, instances: Mapping[Any, Any]) -> list[Any]:
        names = list(cls().fields)
        key, value = (_conversion(field) or _identity for field in cls().fields.values())
        return [dict(zip(names, (key(k), value(v)), strict=True)) for k, v in sorted(instances.items())]


class Converted(serializers.Field[Any, Any, Any, Any]):
    """A field whose values `to_representation` converts. Values of other fields are written unchanged."""


class UtcTime(Converted, serializers.DateTimeField):
    """A time, converted from milliseconds since 1970."""

    def to_representation(self, value: int | None) -> Any:
        return _utc_datetime(value)


class Seconds(Converted, serializers.FloatField):
    """A duration in seconds, converted from milliseconds."""

    def to_representation(self, value: int | None) -> Any:
        return None if value is None else value / 1000


class TextId(Converted, serializers.CharField):
    """An id that is stored as a number and sent as a string."""


@cache
def _producer(schema: type[ResponseSchema]) -> Convert:
    """Compile a schema into a function that returns an object's document.

    A serializer's own loop over its fields takes 20 times as long as the dictionary display compiled here. The
    generated source contains only names from the schema's class, as with dataclasses.
    """
    fields = schema().fields
    conversions = {name: convert for name, field in fields.items() if (convert := _conversion(field))}
    items = [
        f"{name!r}: conversions[{name!r}](instance.{field.source})"
        if name in conversions
        else f"{name!r}: instance.{field.source}"
        for name, field in fields.items()
    ]
    produce: Convert = eval(f"lambda instance: {{{', '.join(items)}}}", {"conversions": conversions})  # noqa: S307
    return produce


def _conversion(field: Any) -> Convert | None:
    """Return the function that converts a field's value for JSON, or None if the renderer can write it unchanged."""
    match field:
        case serializers.ListSerializer():
            child: Any = field.child
            produce_list: Convert = child.produce_list
            return produce_list
        case ResponseSchema():
            return _optional(field.produce)
        case UtcTime():
            return _utc_datetime
        case Converted():
            return field.to_representation
        case serializers.ListField() if inner := _conversion(field.child):
            convert = partial(_convert_list, inner)
            return _optional(convert) if field.allow_null else convert
        case serializers.DictField() if inner := _conversion(field.child):
            return partial(_convert_dict, inner)
    return None


def _convert_list(convert: Convert, values: Iterable[Any]) -> list[Any]:
    return list(map(convert, values))


def _convert_dict(convert: Convert, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: convert(value) for key, value in values.items()}


@lru_cache(maxsize=10_000)
def _utc_datetime(at_ms: int | None) -> datetime | None:
    # Cached, because most rows of the boards that are read within a second have the same window end.
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def _optional(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _identity(value: Any) -> Any:
    return value
