"""Validation of names that users give to their objects."""

from __future__ import annotations

from core.errors import Refused
from core.inputs.readable_text import is_blank, one_line

NAME_MAX = 60


class BadName(Refused):
    """An invalid name. The message says which names are accepted."""


class NameTaken(Refused):
    """The owner already has an object with this name."""


def clean_name(noun: str, name: str) -> str:
    """Return the name as stored. Raises: BadName."""
    name = one_line(name)
    if is_blank(name) or len(name) > NAME_MAX:
        raise BadName(f"A {noun} needs a name of 1 to {NAME_MAX} characters.")
    return name
