"""Parsing of numbers as users type them, by the same rules in every field.

The decimal separator may be a comma or a point; spaces, commas or points may separate groups of three digits. A single
separator before three digits, as in 1,500, is ambiguous: such a number is rejected, and the error shows both readings.
"""

from __future__ import annotations

import math
import re

from core.errors import Refused

TEXT_MAX = 40
_SPACES = "\u0020\u00a0\u2009\u202f"
# Group separators; the apostrophe is Swiss.
_GROUP_SPACES = str.maketrans(dict.fromkeys("'\u2019" + _SPACES, " "))
_SIGNS = str.maketrans({"\u2212": "-", "\uff0d": "-", "\uff0b": "+"})
_GROUPED = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
_DIGITS = re.compile(r"[0-9]*", re.ASCII)


class InvalidNumber(Refused):
    """The input is not a number, or is ambiguous. The message says which."""


def parse_number(text: str) -> float:
    """Parse a number. Raises: InvalidNumber."""
    plain = text.translate(_GROUP_SPACES).translate(_SIGNS).strip()
    sign, digits = (plain[0], plain[1:].strip()) if plain[:1] in ("-", "+") else ("", plain)
    whole, decimals = _parts(digits, text, sign)
    number = float(f"{sign}{whole or '0'}.{decimals or '0'}")
    if not math.isfinite(number):
        raise _refused(text)
    return number


def parse_whole_number(text: str) -> int | None:
    """Parse a whole number in machine format, up to 18 ASCII digits. Return None for any other string."""
    return int(text) if _WHOLE.fullmatch(text) else None


def format_number(number: float) -> str:
    """Format a number for `parse_number`, with at most 10 decimal places."""
    text = f"{number:.10f}".rstrip("0").rstrip(".") if abs(number) < 1e9 else f"{number:.0f}"
    whole, point, decimals = text.partition(".")
    # 1.125 could be read as 1125.
    return f"{text}0" if point and _is_ambiguous(whole.lstrip("-"), decimals) else text


def _parts(digits: str, text: str, sign: str) -> tuple[str, str]:
    """Return the digits before and after the decimal separator. Raises: InvalidNumber."""
    if len(digits) > TEXT_MAX:
        raise _refused(text)
    separators = [character for character in digits if character in ",."]
    if not separators:
        return _whole(digits, text), ""
    last = separators[-1]
    if len(set(separators)) == 1 and len(separators) > 1:
        # 1,234,567: a repeated separator cannot be the decimal separator.
        return _whole(digits.replace(last, " "), text), ""
    whole, _, decimals = digits.rpartition(last)
    if not _DIGITS.fullmatch(decimals) or not (whole.strip() or decimals):
        raise _refused(text)
    if len(separators) == 1:
        if _is_ambiguous(whole, decimals):
            readings = f"{sign}{whole}{decimals} or {sign}{whole}.{decimals}0"
            raise InvalidNumber(f"“{text.strip()}” is ambiguous. Write {readings}.")
        return _whole(whole, text) if whole else "", decimals
    # 1,234.5 and 1.234,5: the whole part is grouped.
    return _whole(whole.replace(separators[0], " "), text, is_grouped=True), decimals


def _is_ambiguous(whole: str, decimals: str) -> bool:
    """Return whether a single separator could be either a group or a decimal separator."""
    is_group = len(decimals) == 3 and 1 <= len(whole) <= 3
    return is_group and whole.isdigit() and not whole.startswith("0")


def _whole(digits: str, text: str, *, is_grouped: bool = False) -> str:
    if _GROUPED.fullmatch(digits):
        return digits.replace(" ", "")
    if not digits or is_grouped or not _DIGITS.fullmatch(digits):
        raise _refused(text)
    return digits


def _refused(text: str) -> InvalidNumber:
    excerpt = text.strip()
    return InvalidNumber(
        f"“{excerpt if len(excerpt) <= TEXT_MAX else excerpt[:TEXT_MAX] + '…'}” is not a number. Write 1500 or 1.5."
    )
