"""Export formats of tables: CSV, CSV for spreadsheets, and NDJSON for programs. Rows in, text out: no I/O."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from core.metrics.table import Metric

Cell = str | int | float | None
Format = Literal["csv", "ndjson"]
CONTENT_TYPES: Mapping[Format, str] = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
# The unit of times.
UTC = "UTC"
# Spreadsheets treat text that begins with one of these as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of an exported file: its name, and its unit or "".

    `words` is the heading in files for spreadsheets, by default the name in words. `may_be_summed` means that summing
    the rows counts nothing twice; the file's header says so.
    """

    name: str
    unit: str = ""
    may_be_summed: bool = False
    words: str = ""

    @property
    def heading(self) -> str:
        """Return the heading: `words`, or the name in words."""
        return self.words or self.name[:1].upper() + self.name[1:].replace("_", " ")

    @property
    def is_time(self) -> bool:
        return self.unit == UTC


# The share of the time in which the channel was heard, 0 to 1; a column of every file.
COVERAGE = ExportColumn("coverage", words="Coverage, share")
_COVERAGE_DECIMALS = 4


def metric_column(metric: Metric, unit: str, part: str = "") -> ExportColumn:
    """Return the column of a metric, or of a `part` of its summary, such as its peak: see core/metrics/units.py.

    The metric `coverage` is in percent, so its column is called `coverage_percent`.
    """
    name = "coverage_percent" if metric.key == COVERAGE.name else metric.key
    return ExportColumn(
        f"{name}_{part}" if part else name, unit, words=f"{metric.name}, {part}" if part else metric.name
    )


def coverage_cell(share: float | None) -> Cell:
    """Return the cell value for the COVERAGE column."""
    return None if share is None else round(share, _COVERAGE_DECIMALS)


class Writer(Protocol):
    """Writes a table incrementally."""

    def head(self) -> str:
        """Return the text before the first row."""
        ...

    def rows(self, rows: Sequence[Sequence[Cell]]) -> str:
        """Return rows as text, with cells in the order of the columns; None means unknown."""
        ...


def writer_of(form: Format, columns: Sequence[ExportColumn]) -> Writer:
    """Return the writer for a format, with the API's names and time format."""
    return _Csv(columns) if form == "csv" else _Ndjson(columns)


def sheet_writer_of(form: Format, columns: Sequence[ExportColumn]) -> Writer:
    """Return the writer for a file exported from a page, where CSV is for spreadsheets."""
    return _Sheet(columns) if form == "csv" else _Ndjson(columns)


class _Csv:
    """CSV as in RFC 4180, with a header. Unknown values are empty cells, and formulas are escaped."""

    def __init__(self, columns: Sequence[ExportColumn]) -> None:
        self._columns = columns

    def head(self) -> str:
        # The byte order mark makes spreadsheets read UTF-8.
        return "\ufeff" + self._text([[_head(column, column.name) for column in self._columns]])

    def rows(self, rows: Sequence[Sequence[Cell]]) -> str:
        return self._text(rows)

    def _text(self, rows: Sequence[Sequence[Cell]]) -> str:
        text = io.StringIO()
        csv.writer(text).writerows([_plain(cell) for cell in row] for row in rows)
        return text.getvalue()


class _Sheet(_Csv):
    """CSV with headings in words, and times that spreadsheets recognize: 2026-11-30 18:44:00."""

    def head(self) -> str:
        return "\ufeff" + self._text([[_head(column, column.heading) for column in self._columns]])

    def rows(self, rows: Sequence[Sequence[Cell]]) -> str:
        times = [number for number, column in enumerate(self._columns) if column.is_time]
        return self._text([_with_plain_times(row, times) for row in rows])


class _Ndjson:
    """One JSON object per line: {"schema": {column: unit}, "may_be_summed": [column]} first, then the rows.

    Unknown values are absent.
    """

    def __init__(self, columns: Sequence[ExportColumn]) -> None:
        self._columns = columns

    def head(self) -> str:
        head = {
            "schema": {column.name: column.unit for column in self._columns},
            "may_be_summed": [column.name for column in self._columns if column.may_be_summed],
        }
        return json.dumps(head, ensure_ascii=False) + "\n"

    def rows(self, rows: Sequence[Sequence[Cell]]) -> str:
        names = [column.name for column in self._columns]
        objects = ({name: cell for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows)
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects)


def _head(column: ExportColumn, name: str) -> str:
    notes = [column.unit] if column.unit else []
    notes += ["may be summed"] if column.may_be_summed else []
    return f"{name} ({'; '.join(notes)})" if notes else name


def _with_plain_times(row: Sequence[Cell], times: Sequence[int]) -> list[Cell]:
    """Return the row with its ISO 8601 times as date and time of day."""
    cells = list(row)
    for number in times:
        if isinstance(text := cells[number], str):
            cells[number] = text.replace("T", " ").removesuffix("Z")
    return cells


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, str) and cell.startswith(_FORMULA):  # defense: csv-formulas
        return f"'{cell}"
    return cell
