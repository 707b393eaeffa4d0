"""Names that people give to what is theirs."""

from __future__ import annotations

from core.errors import Refused
from core.inputs.readable_text import is_blank, one_line

NAME_MAX = 60


class BadName(Refused):
    """A name that nothing can have. The message says which names are accepted."""


class NameTaken(Refused):
    """A name that something else of the same owner has."""


def clean_name(noun: str, name: str) -> str:
    """Return a name as it is kept. Raises: BadName."""
    name = one_line(name)
    if is_blank(name) or len(name) > NAME_MAX:
        raise BadName(f"A {noun} needs a name of 1 to {NAME_MAX} characters.")
    return name
