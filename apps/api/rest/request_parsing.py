"""Strict parsing of queries and bodies: unknown, empty and repeated parameters are errors, never ignored.

Numbers and times are accepted in one form only; see WholeNumber and Moment in fields.py. The error for an unknown
parameter or field lists the known ones. An empty parameter is an error, because clients can omit it. Only list
parameters may be repeated; they also accept `a,b`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.http import QueryDict
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.serializers import Serializer

from apps.api.problems import FieldError, invalid_field, invalid_request
from apps.api.rest.fields import CommaList
from apps.api.rest.responses import FORMAT
from core.inputs.json_text import InvalidJson, RepeatedMember, read_json

EMPTY = "The value is empty. Omit the parameter instead."
# Serializers include invalid values in their errors, and formatting a nested value is recursive.
DEPTH_MAX = 20
# Longer queries are not cached, because they are rare and would fill the cache of parsed queries.
_CACHED_QUERY_MAX = 1_000


class BodyParser(JSONParser):
    """Parses JSON strictly, as UTF-8 regardless of the Content-Type header, and limits the nesting depth."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return the parsed body. Raises: ParseError, Problem."""
        try:
            body = read_json(stream.read())
        except RepeatedMember as error:
            raise invalid_field(error.member, str(error)) from None
        except InvalidJson as error:
            raise exceptions.ParseError(f"The body cannot be read as JSON: {error}.") from None
        if _is_deeper(body, DEPTH_MAX):
            raise exceptions.ParseError(f"The body is nested more than {DEPTH_MAX} levels deep.")
        return body


def read_query(serializer: type[Serializer[Any]], query: str) -> Mapping[str, Any]:
    """Return the validated parameters of a query string. Raises: Problem."""
    return _cached_query(serializer, query) if len(query) <= _CACHED_QUERY_MAX else _read_query(serializer, query)


def read_body(serializer: type[Serializer[Any]], body: Any) -> dict[str, Any]:
    """Return the validated fields of a body. Raises: Problem."""
    bound = serializer(data=body)
    known = bound.fields.keys()
    unknown = [name for name in body if name not in known] if isinstance(body, dict) else []
    return _validate(bound, [FieldError(name, _unknown("field", known)) for name in unknown])


def _read_query(serializer: type[Serializer[Any]], query: str) -> Mapping[str, Any]:
    fields = serializer().fields
    errors: list[FieldError] = []
    data: dict[str, str] = {}
    for name, values in QueryDict(query).lists():
        field = fields.get(name)
        if field is None and name != FORMAT:
            errors.append(FieldError(name, _unknown("parameter", [*fields, FORMAT])))
        elif not all(value.strip() for value in values):
            errors.append(FieldError(name, EMPTY))
        elif isinstance(field, CommaList):
            data[name] = ",".join(values)
        elif len(values) > 1:
            errors.append(FieldError(name, f"The parameter was sent {len(values)} times. Send it once."))
        elif field is not None:
            data[name] = values[0]
    return MappingProxyType(_validate(serializer(data=data), errors))


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether a JSON value is nested more than `levels` deep."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [child for parent in layer for child in _children(parent)]
    return bool(layer)


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


# Cached, because clients repeat the same queries.
_cached_query = lru_cache(maxsize=2_000)(_read_query)


def _unknown(noun: str, known: Iterable[str]) -> str:
    return f"Unknown {noun}. Known: {', '.join(known)}."


def _validate(serializer: Serializer[Any], errors: list[FieldError]) -> dict[str, Any]:
    """Return the validated data. Raises: Problem, with `errors` and the serializer's own errors."""
    if not serializer.is_valid():
        reported = {error.field for error in errors}
        errors += [error for error in _field_errors(serializer.errors) if error.field not in reported]
    if errors:
        raise invalid_request(errors)
    return dict(serializer.validated_data)


def _field_errors(detail: Any, name: str = "") -> list[FieldError]:
    if isinstance(detail, dict):
        return [error for key, value in detail.items() for error in _field_errors(value, _path(name, str(key)))]
    if isinstance(detail, list):
        return [error for value in detail for error in _field_errors(value, name)]
    return [FieldError(name, str(detail))]


def _path(name: str, key: str) -> str:
    return name if key == "non_field_errors" else f"{name}.{key}" if name else key
