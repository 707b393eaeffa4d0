"""Numbers in command arguments are accepted in one form only."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from deploy.local.programs import is_positive
from twitchly.arguments import count, positive, seed, whole_number

NOT_NUMBERS = ["", " 5", "5 ", "1_0", "٣", "²", "+1", "1.0x", "nan", "inf", "1e999", "9" * 19, "0x10"]


@pytest.mark.parametrize("text", NOT_NUMBERS)
@pytest.mark.parametrize("parse", [count, positive, seed, whole_number])
def test_malformed_numbers_are_rejected(parse: Callable[[str], float], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a"):
        parse(text)
    assert not is_positive(text)


def test_numbers_are_parsed() -> None:
    assert (whole_number("0"), count("7"), seed("-7"), seed("7")) == (0, 7, -7, 7)
    assert (positive("0.5"), positive("1.125"), positive("1e3")) == (0.5, 1.125, 1_000)
    assert all(map(is_positive, ("0.5", "1.125", "1e3")))
    for text in ("0", "0.0", "-1"):
        with pytest.raises(ArgumentTypeError):
            positive(text)
        assert not is_positive(text)
