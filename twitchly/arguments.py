"""Numbers in arguments of management commands: types for argparse, stricter than int and float (1_0, nan, ٣)."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError

from core.inputs.numbers import parse_whole_number

_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?(e[0-9])?", re.ASCII)


def whole_number(text: str) -> int:
    """Return a whole number, 0 or greater. Raises: ArgumentTypeError."""
    number = parse_whole_number(text)
    if number is None:
        raise ArgumentTypeError(f"{text} is not a whole number")
    return number


def seed(text: str) -> int:
    """Return a whole number, which may be negative. Raises: ArgumentTypeError."""
    return -whole_number(text[1:]) if text.startswith("-") else whole_number(text)


def count(text: str) -> int:
    """Return a whole number above 0. Raises: ArgumentTypeError."""
    number = parse_whole_number(text)
    if not number:
        raise ArgumentTypeError(f"{text} is not a whole number above 0")
    return number


def positive(text: str) -> float:
    """Return a number above 0. Raises: ArgumentTypeError."""
    number = float(text) if _DECIMAL.fullmatch(text) else 0.0
    if number == 0:
        raise ArgumentTypeError(f"{text} is not a number above 0")
    return number


def add_audience_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that determine the simulated audience: equal arguments give equal channels and broadcasts."""
    parser.add_argument(
        "--channels", type=count, default=600, help="number of synthetic channels, some of them offline"
    )
    parser.add_argument("--rate", type=positive, default=500.0, help="messages per second across all channels")
    parser.add_argument("--seed", type=seed, default=1, help="seed of the random generator")
