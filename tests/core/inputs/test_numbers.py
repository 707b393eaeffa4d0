"""Numbers, as users type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inputs.numbers import InvalidNumber, format_number, parse_number, parse_whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1500", 1500),
        (" 15 ", 15),
        ("1,5", 1.5),
        ("1.5", 1.5),
        ("1,50", 1.5),
        ("1.5000", 1.5),
        ("0,500", 0.5),
        ("0.125", 0.125),
        (",5", 0.5),
        (".125", 0.125),
        ("5.", 5),
        ("1234.567", 1234.567),
        ("1 500", 1500),
        ("1\u00a0500", 1500),
        ("1\u202f234\u202f567", 1_234_567),
        ("1 500,5", 1500.5),
        ("1 500.125", 1500.125),
        ("1'500", 1500),
        ("1’500.50", 1500.5),
        ("1,234,567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567.25", 1_234_567.25),
        ("1.234,567", 1234.567),
        ("-1,5", -1.5),
        ("−2", -2),
        ("+3", 3),
    ],
)
def test_numbers_are_parsed(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1,500", "1500 or 1.5000"),
        ("1.500", "1500 or 1.5000"),
        ("-12,345", "-12345 or -12.3450"),
        ("999.999", "999999"),
    ],
)
def test_an_ambiguous_number_is_rejected_with_both_readings(text: str, readings: str) -> None:
    with pytest.raises(InvalidNumber) as refused:
        parse_number(text)
    assert text in str(refused.value)
    assert readings in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", ",", ".", "abc", "1e5", "inf", "nan", "0x10", "1 50", "15 00", "1,23,456", "1,2345.5", "1.5.5",
     "1,,5", "1,234.567.8", "1.2,3.4", "--1", "1-", "1 500 ,5 0", "٣", "²", "1" * 400, "<b>"],
)  # fmt: skip
def test_invalid_numbers_are_rejected(text: str) -> None:
    with pytest.raises(InvalidNumber, match="is not a number"):
        parse_number(text)


@given(st.floats(-1e12, 1e12).map(lambda number: round(number, 4)))
def test_formatted_numbers_round_trip(number: float) -> None:
    assert parse_number(format_number(number)) == pytest.approx(number, rel=1e-9)


@given(st.text(alphabet="0123456789., -'\u00a0", max_size=14))
def test_any_text_is_one_number_or_is_rejected(text: str) -> None:
    try:
        number = parse_number(text)
    except InvalidNumber:
        return
    assert parse_number(format_number(number)) == pytest.approx(number, rel=1e-9)


def test_whole_numbers_from_programs_must_have_ascii_digits() -> None:
    assert [parse_whole_number(text) for text in ("0", "7", "007", "9" * 18)] == [0, 7, 7, 10**18 - 1]
    for text in ("", " 7", "7\n", "1_0", "1.0", "٣", "²", "+1", "-1", "9" * 19):
        assert parse_whole_number(text) is None, text
