"""What a table of live channels is asked for, as its address names it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import QueryDict

from apps.channels.languages import language_name
from core.inputs.numbers import InvalidNumber, read_number, write_number
from core.inputs.readable_text import one_line
from core.metrics.bands import BAND
from core.metrics.table import METRIC, METRICS

PAGE_SIZE = 50
RULES_MAX = 3
TEXT_MAX = 100
QUERY_MAX = 2_000
# A measure is a metric, or with this before it the percentile of it among channels of the same size.
PERCENTILE = "p."
DEFAULT_SORT = "-viewers"
DEFAULT_COLUMNS = ("messages", "engagement", "chatters", "spam")
MEASURES = (*(metric.key for metric in METRICS), *(PERCENTILE + metric.key for metric in METRICS if metric.ranked))
# What the table can be sorted by besides.
NAMED = ("name", "category", "language")


@dataclass(frozen=True, slots=True)
class Rule:
    """A measure that lies between two values; None is no bound."""

    measure: str
    least: float | None
    most: float | None

    def holds(self, value: float | None) -> bool:
        """What has no value fits no rule."""
        if value is None:
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Search:
    """Filters, order and page of a table. `languages` are names, `bands` keys; none of them is any. `page` begins at 1.

    `wrong`: why numbers that were typed could not be read.
    """

    languages: tuple[str, ...] = ()
    category: str = ""
    bands: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    coverage: float = 0.0
    sort: str = DEFAULT_SORT
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    page: int = 1
    wrong: tuple[str, ...] = ()

    @property
    def sorted_by(self) -> str:
        """The measure or name that the table is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def measures(self) -> set[str]:
        """All measures that are needed of each channel."""
        return {*(rule.measure for rule in self.rules), *self.columns, *({self.sorted_by} - set(NAMED))}

    @property
    def filters(self) -> int:
        """How many filters are set."""
        return sum(map(bool, (self.languages, self.category, self.bands, self.coverage))) + len(self.rules)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the fields of the address; what has its default is left out."""
        found = [("language", name) for name in self.languages]
        found += [("category", self.category)] if self.category else []
        found += [("band", key) for key in self.bands]
        for number, rule in enumerate(self.rules, 1):
            found.append((f"m{number}", rule.measure))
            found += [(f"min{number}", write_number(rule.least))] if rule.least is not None else []
            found += [(f"max{number}", write_number(rule.most))] if rule.most is not None else []
        found += [("coverage", write_number(self.coverage))] if self.coverage else []
        found += [("sort", self.sort)] if self.sort != DEFAULT_SORT else []
        found += [("column", key) for key in self.columns] if self.columns != DEFAULT_COLUMNS else []
        return found + ([("page", str(self.page))] if self.page > 1 else [])

    def query(self, **changes: Any) -> str:
        """Return the address of the same table with `changes`, from its first page on unless they name another."""
        return "?" + urlencode(replace(self, **{"page": 1} | changes).pairs())

    def by(self, measure: str) -> str:
        """Return the address of the same table sorted by a measure, the other way round where it is already."""
        falls = measure not in NAMED
        if measure == self.sorted_by:
            falls = not self.is_descending
        return self.query(sort=f"-{measure}" if falls else measure)


def read_search(query: QueryDict) -> Search:
    """Return what a query string asks for; what does not exist is left out. Numbers are read as people type them."""
    sort, page = query.get("sort", ""), query.get("page", "")
    columns = [key for key in query.getlist("column") if key in MEASURES]
    wrong: list[str] = []
    return Search(
        # Searches saved while a code had no name hold the code.
        tuple(dict.fromkeys(language_name(one_line(text, TEXT_MAX)) for text in query.getlist("language") if text)),
        one_line(query.get("category", ""), TEXT_MAX),
        tuple(key for key in BAND if key in query.getlist("band")),
        tuple(_rules(query, wrong)),
        min(100.0, _number(query.get("coverage", ""), wrong) or 0.0),
        sort if sort.removeprefix("-") in (*MEASURES, *NAMED) else DEFAULT_SORT,
        tuple(dict.fromkeys(columns)) or DEFAULT_COLUMNS,
        max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
        tuple(dict.fromkeys(wrong)),
    )


def read_saved(query: str) -> Search:
    """Return a search as `Search.pairs` wrote it once: its numbers have a point, however many digits follow."""
    pairs = [(name, _restored(name, text)) for name, text in parse_qsl(query.removeprefix("?")[:QUERY_MAX])]
    return read_search(QueryDict(urlencode(pairs)))


def described(search: Search) -> Iterator[tuple[str, str]]:
    """Yield each filter in words, and the address of the table without it."""
    if search.languages:
        yield " or ".join(search.languages), search.query(languages=())
    if search.category:
        yield search.category, search.query(category="")
    if search.bands:
        yield " or ".join(BAND[key].label for key in search.bands) + " viewers", search.query(bands=())
    for rule in search.rules:
        others = tuple(other for other in search.rules if other is not rule)
        yield f"{name_of(rule.measure)} {_between(rule)}", search.query(rules=others)
    if search.coverage:
        yield f"Coverage at least {write_number(search.coverage)} %", search.query(coverage=0.0)


def name_of(measure: str) -> str:
    """Return a measure for people to read."""
    metric = METRIC[measure.removeprefix(PERCENTILE)]
    return f"{metric.name}, percentile" if measure.startswith(PERCENTILE) else metric.name


def unit_of(measure: str) -> str:
    return "of its size" if measure.startswith(PERCENTILE) else METRIC[measure].unit


def _rules(query: QueryDict, wrong: list[str]) -> Iterator[Rule]:
    for number in range(1, RULES_MAX + 1):
        measure = query.get(f"m{number}", "")
        least, most = (_number(query.get(f"{bound}{number}", ""), wrong) for bound in ("min", "max"))
        if measure in MEASURES and (least is not None or most is not None):
            yield Rule(measure, least, most)


def _between(rule: Rule) -> str:
    if rule.least is None:
        return f"up to {write_number(rule.most or 0.0)}"
    return f"from {write_number(rule.least)}" + ("" if rule.most is None else f" to {write_number(rule.most)}")


def _restored(name: str, text: str) -> str:
    if not name.startswith(("min", "max", "coverage")):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return write_number(number) if math.isfinite(number) else text


def _number(text: str, wrong: list[str]) -> float | None:
    """Return a number that was typed, None for none; why one cannot be read is added to `wrong`."""
    if not text.strip():
        return None
    try:
        return read_number(text)
    except InvalidNumber as error:
        wrong.append(str(error))
        return None
