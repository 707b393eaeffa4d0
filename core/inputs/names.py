"""Validation of names that users give to their objects."""

from __future__ import annotations

from core.errors import Refused
from core.inputs.readable_text import is_blank, one_line

NAME_MAX = 60


class RefusedName(Refused):
    """The name is invalid, or the owner already uses it for another object. The message explains what to do."""


def clean_name(noun: str, name: str) -> str:
    """Return the name in the form in which it is stored. Raises: RefusedName."""
    name = one_line(name)
    if is_blank(name) or len(name) > NAME_MAX:
        raise RefusedName(f"A {noun} needs a name of 1 to {NAME_MAX} characters.")
    return name
