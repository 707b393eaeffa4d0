"""Untrusted JSON: nothing that was sent is dropped or changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inputs.json_text import DIGITS_MAX, InvalidJson, RepeatedMember, read_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_written_values_are_parsed_back(value: Any, is_escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_escaped)
    assert read_json(text) == read_json(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ('{"a": 1, "a": 2}', "a"),
        ('{"a": 1, "\\u0061": 1}', "a"),
        ('[{"b": {"x": 1, "y": 2, "x": 3}}]', "x"),
        ('{"": 1, "": 1}', ""),
    ],
)
def test_the_error_names_the_repeated_member(text: str, member: str) -> None:
    with pytest.raises(RepeatedMember, match="sent 2 times") as refused:
        read_json(text)
    assert refused.value.member == member


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", "NaN", "-Infinity", "1e999", "9" * 5_000, '"\\ud800"', "01", "1_0",
     "[" * 9_999,
     '{"\\udfff": 1}', '"\ud800"', "{'a': 1}", "[1,]", '{"a": 1} {"a": 1}'],
)  # fmt: skip
def test_input_that_is_not_strict_json_is_rejected(data: bytes | str) -> None:
    with pytest.raises(InvalidJson):
        read_json(data)


@pytest.mark.parametrize("text", ["9" * 5_000, "-" + "9" * 5_000, '{"a": [' + "9" * 5_000 + "]}"])
def test_an_integer_with_too_many_digits_is_rejected_with_the_limit(text: str) -> None:
    with pytest.raises(InvalidJson) as refused:
        read_json(text)
    assert str(refused.value) == f"an integer has 5000 digits; the maximum is {DIGITS_MAX}"


def test_integers_up_to_the_maximum_length_are_parsed() -> None:
    longest = "9" * DIGITS_MAX
    assert float(read_json(longest)) == float(longest)
    assert read_json(f"-{longest}") == -int(longest)
