"""Fields of queries, bodies and answers, with errors that say what is accepted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers


class Choice(serializers.ChoiceField):
    """One of a few values; the error for another one lists them."""

    def __init__(self, choices: Sequence[Any], **more: Any) -> None:
        super().__init__(choices, **more)
        self.error_messages["invalid_choice"] = f"“{{input}}” is not one of {', '.join(map(str, choices))}."


class Flag(serializers.BooleanField):
    """True or false."""

    default_error_messages = {"invalid": "Send true or false."}


class CommaList(serializers.CharField):
    """Several texts in a query, as `a,b` or by repeating the parameter; with `known` only these."""

    def __init__(self, known: Collection[str] = (), **more: Any) -> None:
        super().__init__(**more)
        self.known = known

    def to_internal_value(self, data: Any) -> Any:
        """Return the texts, each once, in their order."""
        texts = list(dict.fromkeys(text.strip() for text in super().to_internal_value(data).split(",")))
        if "" in texts:
            raise serializers.ValidationError("There is an empty item between commas.")
        unknown = [text for text in texts if self.known and text not in self.known]
        if unknown:
            raise serializers.ValidationError(f"“{unknown[0]}” is not one of {', '.join(self.known)}.")
        return texts

    def to_representation(self, value: Any) -> str:
        return ",".join(value)


class Text(serializers.CharField):
    """A text, and no number that could be written as one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ChannelId(Text):
    """A channel by Twitch's id."""

    def __init__(self, **more: Any) -> None:
        super().__init__(validators=[RegexValidator(r"^[0-9]{1,20}\Z", "A channel's id is up to 20 digits.")], **more)


class OpenText(serializers.CharField):
    """A text of an answer with known values, to which later releases may add."""

    def __init__(self, known: Sequence[str], *, help_text: str = "", **more: Any) -> None:
        super().__init__(help_text=described(known, help_text), **more)
        self.known = known


class OpenTextExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # it has no types
    """Describes an OpenText as a string: generated clients refuse values that an enum does not list."""

    target_class = OpenText

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:  # noqa: ARG002  its interface
        return open_text(self.target.known)


def described(known: Sequence[str], description: str = "") -> str:
    """Return a description that lists the known values of an open text."""
    return f"{description} Known values: {', '.join(f'`{one}`' for one in known)}. More may be added.".strip()


def open_text(known: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a string with known values, to which later releases may add."""
    return {"type": "string", "examples": [known[0]], "x-known-values": list(known)}
