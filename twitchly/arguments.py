"""Numbers in arguments of management commands: types for argparse, stricter than int and float (1_0, nan, ٣)."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from core.inputs.numbers import read_whole

_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?(e[0-9])?", re.ASCII)


def whole_number(text: str) -> int:
    """Return a whole number, 0 or greater. Raises: ArgumentTypeError."""
    number = read_whole(text)
    if number is None:
        raise ArgumentTypeError(f"{text} is not a whole number")
    return number


def seed(text: str) -> int:
    """Return a whole number, which may be negative. Raises: ArgumentTypeError."""
    return -whole_number(text[1:]) if text.startswith("-") else whole_number(text)


def count(text: str) -> int:
    """Return a whole number above 0. Raises: ArgumentTypeError."""
    number = read_whole(text)
    if not number:
        raise ArgumentTypeError(f"{text} is not a whole number above 0")
    return number


def positive(text: str) -> float:
    """Return a number above 0. Raises: ArgumentTypeError."""
    number = float(text) if _DECIMAL.fullmatch(text) else 0.0
    if number == 0:
        raise ArgumentTypeError(f"{text} is not a number above 0")
    return number
