"""How a table is written to a file: CSV for spreadsheets, NDJSON for programs. Pure: rows in, text out."""

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
# A spreadsheet takes a text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of an exported file: its name for programs, and its unit, empty where it has none.

    `may_be_summed`: the sum over the rows counts nothing twice. The head of a file says so.
    """

    name: str
    unit: str = ""
    may_be_summed: bool = False


# The share of the time in which the channel was heard, 0 to 1, in every file.
COVERAGE = ExportColumn("coverage")
_COVERAGE_DECIMALS = 4


def metric_column(metric: Metric, part: str = "") -> ExportColumn:
    """Return the column of a metric, or of a `part` of its summary, such as its peak.

    The metric `coverage` is in percent: it has another name than COVERAGE, which is a share.
    """
    name = "coverage_percent" if metric.key == COVERAGE.name else metric.key
    return ExportColumn(f"{name}_{part}" if part else name, metric.unit)


def coverage_cell(share: float | None) -> Cell:
    """Return the cell of COVERAGE."""
    return None if share is None else round(share, _COVERAGE_DECIMALS)


class Writer(Protocol):
    """Writes a table piece by piece."""

    def head(self) -> str:
        """Return what comes before the first row."""
        ...

    def rows(self, rows: Sequence[Sequence[Cell]]) -> str:
        """Return some rows, in the order of the columns; what is not known is None."""
        ...


def writer_of(form: Format, columns: Sequence[ExportColumn]) -> Writer:
    """Return the writer of a format."""
    return _Csv(columns) if form == "csv" else _Ndjson(columns)


class _Csv:
    """RFC 4180 with a head; what is not known is an empty cell, and no text is a formula."""

    def __init__(self, columns: Sequence[ExportColumn]) -> None:
        self._columns = columns

    def head(self) -> str:
        names = [_head(column) for column in self._columns]
        # The mark tells spreadsheets that it is UTF-8.
        return "\ufeff" + self.rows([names])

    def rows(self, rows: Sequence[Sequence[Cell]]) -> str:
        text = io.StringIO()
        csv.writer(text).writerows([_plain(cell) for cell in row] for row in rows)
        return text.getvalue()


class _Ndjson:
    """One object a line: {"schema": {column: unit}, "may_be_summed": [column]} first, then the rows.

    What is not known is left out.
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
        known = ({name: cell for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows)
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in known)


def _head(column: ExportColumn) -> str:
    notes = [column.unit] if column.unit else []
    notes += ["may be summed"] if column.may_be_summed else []
    return f"{column.name} ({'; '.join(notes)})" if notes else column.name


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell
