"""Numbers as people type them, by one rule for every field.

A comma or a point may stand before the decimals, and spaces, commas or points between groups of three digits. One
separator with three digits behind it, as in 1,500, can be read both ways: such a number is refused, with both readings.
"""

from __future__ import annotations

import math
import re

from core.errors import Refused

TEXT_MAX = 40
_SPACES = "\u0020\u00a0\u2009\u202f"
# Between groups; the Swiss write an apostrophe.
_GAPS = str.maketrans(dict.fromkeys("'\u2019" + _SPACES, " "))
_SIGNS = str.maketrans({"\u2212": "-", "\uff0d": "-", "\uff0b": "+"})
_GROUPED = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+", re.ASCII)
_DIGITS = re.compile(r"[0-9]*", re.ASCII)


class NoNumber(Refused):
    """A text that is no number, or could be two. The message says which."""


def read_number(text: str) -> float:
    """Return the number in a text. Raises: NoNumber."""
    plain = text.translate(_GAPS).translate(_SIGNS).strip()
    sign, digits = (plain[0], plain[1:].strip()) if plain[:1] in ("-", "+") else ("", plain)
    whole, decimals = _parts(digits, text, sign)
    number = float(f"{sign}{whole or '0'}.{decimals or '0'}")
    if not math.isfinite(number):
        raise _refused(text)
    return number


def write_number(number: float) -> str:
    """Return a number as `read_number` reads it, at most 10 digits of it."""
    text = f"{number:.10f}".rstrip("0").rstrip(".") if abs(number) < 1e9 else f"{number:.0f}"
    whole, point, decimals = text.partition(".")
    # 1.125 could be 1125.
    return f"{text}0" if point and _is_ambiguous(whole.lstrip("-"), decimals) else text


def _parts(digits: str, text: str, sign: str) -> tuple[str, str]:
    """Return the whole digits and the decimals. Raises: NoNumber."""
    if len(digits) > TEXT_MAX:
        raise _refused(text)
    marks = [one for one in digits if one in ",."]
    if not marks:
        return _whole(digits, text), ""
    last = marks[-1]
    if len(set(marks)) == 1 and len(marks) > 1:
        # 1,234,567: of the decimal sign there is one.
        return _whole(digits.replace(last, " "), text), ""
    whole, _, decimals = digits.rpartition(last)
    if not _DIGITS.fullmatch(decimals) or not (whole.strip() or decimals):
        raise _refused(text)
    if len(marks) == 1:
        if _is_ambiguous(whole, decimals):
            readings = f"{sign}{whole}{decimals} or {sign}{whole}.{decimals}0"
            raise NoNumber(f"“{text.strip()}” can be {readings}. Write one of these.")
        return _whole(whole, text) if whole else "", decimals
    # 1,234.5 and 1.234,5: what comes before is in groups.
    return _whole(whole.replace(marks[0], " "), text, is_grouped=True), decimals


def _is_ambiguous(whole: str, decimals: str) -> bool:
    """Tell whether one separator could be that of thousands as well as that of decimals."""
    is_group = len(decimals) == 3 and 1 <= len(whole) <= 3
    return is_group and whole.isdigit() and not whole.startswith("0")


def _whole(digits: str, text: str, *, is_grouped: bool = False) -> str:
    if _GROUPED.fullmatch(digits):
        return digits.replace(" ", "")
    if not digits or is_grouped or not _DIGITS.fullmatch(digits):
        raise _refused(text)
    return digits


def _refused(text: str) -> NoNumber:
    shown = text.strip()
    return NoNumber(f"“{shown if len(shown) <= TEXT_MAX else shown[:TEXT_MAX] + '…'}” is no number. Write 1500 or 1.5.")
