"""Sections of the admin site's start page: their structure, and the permissions that they require."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from apps.live.services import LiveServices
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, ms_of

# Maximum number of rows per section; the section's link leads to all rows.
ROWS = 8


@dataclass(frozen=True, slots=True)
class Action:
    """A link, or a button that posts `fields` to `url`."""

    label: str
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `subject` with an optional link, a text for each column, and the actions. None of the text is HTML."""

    subject: str
    url: str
    cells: tuple[str, ...]
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table of up to ROWS of `total` rows. `problem` is the reason why data is incomplete or missing."""

    key: str
    title: str
    note: str
    columns: tuple[str, ...]
    empty: str
    all_url: str = ""
    rows: tuple[Row, ...] = ()
    total: int = 0
    problem: str = ""

    def filled(self, rows: Sequence[Row], total: int, problem: str = "") -> Section:
        """Return the section with its data."""
        return replace(self, rows=tuple(rows), total=total, problem=problem)

    @property
    def cells_by_row(self) -> list[tuple[Row, list[tuple[str, str]]]]:
        """Each row with its (column, text) pairs; the first column is the subject."""
        return [(row, list(zip(self.columns[1:], row.cells, strict=True))) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to the start page: the user's permissions, the live services, and the time in ms."""

    may: Callable[[str], bool]
    live: LiveServices
    now_ms: int


Reader = Callable[[Visit], Section]


@dataclass(frozen=True, slots=True)
class SectionRule:
    """A section's reader, and the permissions that a user must have to see it."""

    needs: tuple[str, ...]
    read: Reader


def read_sections(rules: Sequence[SectionRule], visit: Visit) -> list[Section]:
    """Return the sections that the user may see, in the order of the rules."""
    return [rule.read(visit) for rule in rules if all(map(visit.may, rule.needs))]


def span_text(span_ms: int) -> str:
    """Return a time span in its largest unit, rounded down, such as 5 min, 3 h or 2 d."""
    for unit_ms, unit in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        if span_ms >= unit_ms:
            return f"{span_ms // unit_ms:,} {unit}"
    return "< 1 min"


def ago_text(moment: datetime | None, now_ms: int) -> str:
    """Return the age of a time, such as "3 h ago", or "never" without a time."""
    return f"{span_text(now_ms - ms_of(moment))} ago" if moment else "never"
