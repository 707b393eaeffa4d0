"""Serializer fields whose errors list the accepted values."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from core.inputs.readable_text import one_line


class Choice(serializers.ChoiceField):
    """One of a few values. The error for any other value lists them."""

    def __init__(self, choices: Sequence[Any], **options: Any) -> None:
        super().__init__(choices, **options)
        self.error_messages["invalid_choice"] = f"“{{input}}” is not one of {', '.join(map(str, choices))}."


class Flag(serializers.BooleanField):
    """A boolean."""

    default_error_messages = {"invalid": "Send true or false."}


class WholeNumber(serializers.IntegerField):
    """A whole number in ASCII digits: 1_0, 1.0, +1 and digits from other scripts are rejected."""

    default_error_messages = {"invalid": "Send a whole number in digits, such as 50."}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or re.fullmatch("-?[0-9]+", data) is None:
            self.fail("invalid")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A time in ISO 8601; digits from other scripts are rejected."""

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.isascii():
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")
        return super().to_internal_value(value)


class Day(serializers.DateField):
    """A day as YYYY-MM-DD; digits from other scripts are rejected."""

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class CommaList(serializers.CharField):
    """A list in a query, as `a,b` or a repeated parameter; `known` limits its items."""

    def __init__(self, known: Collection[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self.known = known

    def to_internal_value(self, data: Any) -> Any:
        """Return the items in order, without duplicates."""
        items = list(dict.fromkeys(item.strip() for item in super().to_internal_value(data).split(",")))
        if "" in items:
            raise serializers.ValidationError("The list contains an empty item.")
        unknown = [item for item in items if self.known and item not in self.known]
        if unknown:
            raise serializers.ValidationError(f"“{unknown[0]}” is not one of {', '.join(self.known)}.")
        return items

    def to_representation(self, value: Any) -> str:
        return ",".join(value)


class ChannelText(serializers.CharField):
    """A string to compare with a field of a channel: cleaned like the field, but not truncated."""

    def __init__(self, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)
        self._max_length = max_length

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if len(text) > self._max_length:
            self.fail("max_length", max_length=self._max_length)
        return one_line(text, self._max_length) or self.fail("blank")


class Text(serializers.CharField):
    """A string; numbers and booleans are rejected, not converted."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ChannelId(Text):
    """A Twitch channel id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[RegexValidator(r"^[0-9]{1,20}\Z", "A channel ID has up to 20 digits.")], **options)


class OpenText(serializers.CharField):
    """A string in a response. Later releases may add to its known values."""

    def __init__(self, known: Sequence[str], *, help_text: str = "", **options: Any) -> None:
        super().__init__(help_text=with_known_values(known, help_text), **options)
        self.known = known


class OpenTextExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # untyped base
    """Describes an OpenText as a string, because generated clients reject values that an enum does not list."""

    target_class = OpenText

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:  # noqa: ARG002  its interface
        return open_text_schema(self.target.known)


def with_known_values(known: Sequence[str], description: str = "") -> str:
    """Return a description with a list of the known values of an OpenText."""
    return f"{description} Known values: {', '.join(f'`{value}`' for value in known)}. More may be added.".strip()


def open_text_schema(known: Sequence[str]) -> dict[str, Any]:
    """Return the schema for an OpenText."""
    return {"type": "string", "examples": [known[0]], "x-known-values": list(known)}
