"""Query parameters with a fixed set of values."""

from __future__ import annotations

import pytest

from core.inputs.choices import read_choices

KEYS = ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "values", "messages"),
    [
        ("", ("a",), []),
        (",", ("a",), []),
        ("c,b,c", ("c", "b"), []),
        ("b,x,y", ("b",), ["Unknown m “x”. Choose one of a, b, c."]),
        ("x", ("a",), ["Unknown m “x”. Choose one of a, b, c."]),
        ("c,b,a", ("c", "b"), ["Choose up to 2 values for m."]),
    ],
)
def test_a_list_of_values_is_read_in_order(text: str, values: tuple[str, ...], messages: list[str]) -> None:
    errors: list[str] = []
    assert read_choices({"m": text}, "m", KEYS, "a", 2, errors) == values
    assert errors == messages
