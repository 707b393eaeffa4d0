"""CSV files saved by programs and spreadsheets."""

from __future__ import annotations

import csv
import io

import pytest

from core.inputs.csv_files import read_csv


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a;b\n1,5;2\n", [["a", "b"], ["1,5", "2"]]),
        ("a\tb\n1;2\t3\n", [["a", "b"], ["1;2", "3"]]),
        ("\ufeffa;b\n", [["a", "b"]]),
        ("sep=;\r\na;b\r\n", [["a", "b"]]),
        ("\ufeffSEP=\t\r\na\tb\r\n", [["a", "b"]]),
        ('"a;x",b\n1,2\n', [["a;x", "b"], ["1", "2"]]),
        ("login\nada;plays\n", [["login"], ["ada;plays"]]),
        ('a,"b\nc"\n', [["a", "b\nc"]]),
        ("", []),
    ],
)
def test_the_first_row_determines_the_delimiter(text: str, rows: list[list[str]]) -> None:
    assert list(read_csv(io.StringIO(text, newline=""))) == rows


def test_line_numbers_match_the_file() -> None:
    reader = read_csv(io.StringIO("sep=;\na;b\n", newline=""))
    assert (next(reader), reader.line_num) == (["a", "b"], 2)


def test_strict_mode_rejects_invalid_csv() -> None:
    with pytest.raises(csv.Error):
        list(read_csv(["a,b\n", '"open'], strict=True))
