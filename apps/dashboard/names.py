"""Names that people give to what is theirs."""

from __future__ import annotations

from core.errors import Refused
from core.readable_text import is_blank, one_line

NAME_MAX = 60


def clean_name(noun: str, name: str) -> str:
    """Return a name as it is kept. Raises: Refused."""
    name = one_line(name)
    if is_blank(name) or len(name) > NAME_MAX:
        raise Refused(f"A {noun} needs a name of 1 to {NAME_MAX} characters.")
    return name
