"""Query parameters with a fixed set of values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

SHOWN_MAX = 40


def read_choice(query: Mapping[str, str], name: str, choices: Collection[str], default: str, errors: list[str]) -> str:
    """Return the parameter `name` of a query, or the default if it is empty.

    For an unknown value, return the default and append a message that lists the choices.
    """
    text = query.get(name, "")
    if not text:
        return default
    if text in choices:
        return text
    errors.append(unknown_choice(name, text, choices))
    return default


def read_choices(
    query: Mapping[str, str], name: str, choices: Collection[str], default: str, limit: int, errors: list[str]
) -> tuple[str, ...]:
    """Return the values of a comma-separated parameter, each once and in order, or the default if there are none.

    Unknown values and values beyond `limit` are omitted. One message is appended for the first unknown value, and one
    if there are more values than `limit`.
    """
    texts = [text for text in dict.fromkeys(query.get(name, "").split(",")) if text]
    errors += [unknown_choice(name, text, choices) for text in texts if text not in choices][:1]
    known = tuple(text for text in texts if text in choices)
    if len(known) > limit:
        errors.append(f"Choose up to {limit} values for {name}.")
    return known[:limit] or (default,)


def unknown_choice(name: str, text: str, choices: Collection[str]) -> str:
    """Return the message for an unknown value of a parameter."""
    return f"Unknown {name} “{text[:SHOWN_MAX]}”. Choose one of {', '.join(choices)}."
