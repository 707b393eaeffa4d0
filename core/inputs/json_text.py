"""Strict parsing of untrusted JSON per RFC 8259: in UTF-8, without repeated members, NaN or lone surrogates.

Python keeps the last of repeated members and drops the others, so a client would not notice its mistake.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.errors import Refused

# Longer integers do not fit into a float, and Python does not convert integers of more than 4,300 digits.
DIGITS_MAX = 308


class InvalidJson(Refused):
    """The input is not JSON. The message says why."""


class RepeatedMember(InvalidJson):
    """An object has several members with the same name, `member`."""

    def __init__(self, member: str, times: int) -> None:
        super().__init__(f"The field was sent {times} times. Send it once.")
        self.member = member


def read_json(data: bytes | str) -> Any:
    """Parse JSON. Raises: InvalidJson."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_number
        )
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise InvalidJson("it contains bytes that are not UTF-8, or half of a surrogate pair") from None
    except ValueError as error:
        raise InvalidJson(str(error)) from None
    except RecursionError:
        raise InvalidJson("it is nested too deeply") from None
    return value


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(members)
    if len(fields) < len(members):
        ((name, times),) = Counter(name for name, _ in members).most_common(1)
        raise RepeatedMember(name, times)
    return fields


def _integer(text: str) -> int:
    digits = len(text.removeprefix("-"))
    if digits > DIGITS_MAX:
        raise ValueError(f"an integer has {digits} digits; the maximum is {DIGITS_MAX}")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is not a number")
    return number
