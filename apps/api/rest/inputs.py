"""Reads queries and bodies by one rule: nothing unknown, nothing empty, nothing twice is silently dropped.

A parameter or field that the operation does not have is an error that names those it has. An empty parameter is an
error: leaving it out is how to not filter. A parameter is sent once; lists are sent as `a,b` or repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson
from django.http import QueryDict
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.serializers import Serializer

from apps.api.problems import Problem, Wrong
from apps.api.rest.fields import CommaList

# Every operation takes it: see apps/api/rest/negotiation.py.
FORMAT = "format"
EMPTY = "It is empty. Leave it out instead."
# Serializers print what they refuse, and printing recurses.
DEPTH_MAX = 20
# Longer queries are rare, and would fill the cache.
_CACHED_QUERY_MAX = 1_000


class BodyParser(JSONParser):
    """JSON as RFC 8259 has it: UTF-8 whatever the header says, no NaN, no lone surrogates, and not deeply nested."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return the value. Raises: ParseError."""
        try:
            body = orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}.") from None
        if _is_deeper(body, DEPTH_MAX):
            raise exceptions.ParseError(f"The body is nested more than {DEPTH_MAX} levels deep.")
        return body


def read_query(serializer: type[Serializer[Any]], query: str) -> Mapping[str, Any]:
    """Return what a query string says. Raises: Problem."""
    return _cached_query(serializer, query) if len(query) <= _CACHED_QUERY_MAX else _read_query(serializer, query)


def read_body(serializer: type[Serializer[Any]], body: Any) -> dict[str, Any]:
    """Return the fields of a body. Raises: Problem."""
    reader = serializer(data=body)
    known = reader.fields.keys()
    unknown = [name for name in body if name not in known] if isinstance(body, dict) else []
    return _valid(reader, [Wrong(name, _unknown("field", known)) for name in unknown])


def invalid(errors: Iterable[Wrong]) -> Problem:
    """Return the problem of a request with these errors."""
    return Problem("invalid-request", "Some of it cannot be used: see errors.", list(errors))


def problem_of(error: exceptions.APIException) -> Problem:
    """Return the problem of an error that Django REST framework raised."""
    match error:
        case exceptions.UnsupportedMediaType():
            return Problem("unsupported-media-type", "Send the body as application/json.")
        case exceptions.ParseError():
            return Problem("invalid-request", str(error.detail))
    raise error


def _read_query(serializer: type[Serializer[Any]], query: str) -> Mapping[str, Any]:
    fields = serializer().fields
    errors: list[Wrong] = []
    data: dict[str, str] = {}
    for name, values in QueryDict(query).lists():
        field = fields.get(name)
        if field is None and name != FORMAT:
            errors.append(Wrong(name, _unknown("parameter", [*fields, FORMAT])))
        elif not all(value.strip() for value in values):
            errors.append(Wrong(name, EMPTY))
        elif isinstance(field, CommaList):
            data[name] = ",".join(values)
        elif len(values) > 1:
            errors.append(Wrong(name, f"It was sent {len(values)} times. Send it once."))
        elif field is not None:
            data[name] = values[0]
    return MappingProxyType(_valid(serializer(data=data), errors))


def _is_deeper(value: Any, levels: int) -> bool:
    """Tell whether a JSON value is nested more than `levels` deep."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [child for one in layer for child in _children(one)]
    return bool(layer)


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


# Programs send the same queries again and again.
_cached_query = lru_cache(maxsize=2_000)(_read_query)


def _unknown(noun: str, known: Iterable[str]) -> str:
    return f"Unknown {noun}. Known: {', '.join(known)}."


def _valid(reader: Serializer[Any], errors: list[Wrong]) -> dict[str, Any]:
    """Return the validated data. Raises: Problem, with the errors found before."""
    if not reader.is_valid():
        reported = {error.field for error in errors}
        errors += [error for error in _wrongs(reader.errors) if error.field not in reported]
    if errors:
        raise invalid(errors)
    return dict(reader.validated_data)


def _wrongs(detail: Any, name: str = "") -> list[Wrong]:
    if isinstance(detail, dict):
        return [wrong for key, value in detail.items() for wrong in _wrongs(value, _path(name, str(key)))]
    if isinstance(detail, list):
        return [wrong for value in detail for wrong in _wrongs(value, name)]
    return [Wrong(name, str(detail))]


def _path(name: str, key: str) -> str:
    return name if key == "non_field_errors" else f"{name}.{key}" if name else key
