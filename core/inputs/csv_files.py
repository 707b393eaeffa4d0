"""CSV files as spreadsheets save them: with a byte order mark or `sep=`, with commas, semicolons or tabs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

DELIMITERS = ",;\t"


class Reader(Protocol):
    """The type of csv.reader's readers; `line_num` is that of the line read last."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def read_csv(lines: Iterable[str], *, strict: bool = False) -> Reader:
    """Return a reader of a file's rows; the delimiter is detected from the first row.

    Excel writes what the country's settings say: semicolons where a comma stands before decimals.
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
    """Return what splits the first row into most cells."""
    unquoted = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)
