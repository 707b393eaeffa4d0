"""Query parameters with a fixed set of values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

SHOWN_MAX = 40


def read_choice(query: Mapping[str, str], name: str, choices: Collection[str], default: str, errors: list[str]) -> str:
    """Return the parameter `name` of a query, or the default if it is empty.

    For an unknown value, return the default and append a message that names the choices.
    """
    text = query.get(name, "")
    if not text:
        return default
    if text in choices:
        return text
    errors.append(unknown_choice(name, text, choices))
    return default


def unknown_choice(name: str, text: str, choices: Collection[str]) -> str:
    """Return the message for an unknown value of a parameter."""
    return f"Unknown {name} “{text[:SHOWN_MAX]}”. Choose one of {', '.join(choices)}."
