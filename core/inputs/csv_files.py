"""Reader for CSV files saved by spreadsheets, with a byte order mark, a `sep=` line, commas, semicolons or tabs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

DELIMITERS = ",;\t"


class Reader(Protocol):
    """Type of csv.reader objects; `line_num` is the number of the last line read."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def read_csv(lines: Iterable[str], *, strict: bool = False) -> Reader:
    """Return a reader; the delimiter is detected from the first row.

    Excel uses the locale's list separator, which is a semicolon where the decimal separator is a comma.
    """
    source = iter(lines)
    first = next(source, "").removeprefix("\ufeff")
    named = first.rstrip("\r\n")
    is_named = named.lower().startswith("sep=") and named[4:] in tuple(DELIMITERS)
    delimiter = named[4:] if is_named else _delimiter_of(first)
    reader: Reader = csv.reader(chain([first] if first else [], source), delimiter=delimiter, strict=strict)
    if is_named:
        next(reader)
    return reader


def _delimiter_of(first: str) -> str:
    """Return the delimiter that splits the first row into the most cells."""
    unquoted = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)
