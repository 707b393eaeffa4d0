"""Names that people give to what is theirs."""

from __future__ import annotations

from core.errors import Refused

NAME_MAX = 60


def clean_name(noun: str, name: str) -> str:
    """Return a name without needless spaces. Raises: Refused."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise Refused(f"A {noun} needs a name of 1 to {NAME_MAX} characters.")
    return name
