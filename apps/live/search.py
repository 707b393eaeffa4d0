"""Search parameters of the table of live channels, parsed from and written to query strings."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import QueryDict

from apps.channels.languages import language_name
from core.channels.stream import CATEGORY_MAX
from core.inputs.choices import read_choice, unknown_choice
from core.inputs.numbers import InvalidNumber, format_number, parse_number, parse_whole_number
from core.inputs.readable_text import one_line
from core.metrics.bands import BAND
from core.metrics.table import METRIC, METRICS
from core.metrics.units import unit_beside_name

PAGE_SIZE = 50
PAGES_MAX = 100_000
RULES_MAX = 3
LANGUAGE_NAME_MAX = 100
QUERY_MAX = 2_000
# A measure is a metric key. With this prefix, it is the metric's percentile among channels of the same size.
PERCENTILE = "p."
DEFAULT_SORT = "-viewers"
DEFAULT_COLUMNS = ("messages", "engagement", "chatters", "spam")
# Days by the key of a range. Without a range, values are live.
PERIODS: Mapping[str, int] = {"7d": 7, "30d": 30}
# Figures that a period has in addition to the metrics: name and unit.
PERIOD_MEASURES: Mapping[str, tuple[str, str]] = {
    "hours_watched": ("Hours watched", "h"),
    "hours_live": ("Hours live", "h"),
    "growth": ("Viewer growth", "%"),
}
PERIOD_COLUMNS = ("growth", "hours_watched", "hours_live", "engagement", PERCENTILE + "engagement")
MEASURES = (*(metric.key for metric in METRICS), *(PERCENTILE + metric.key for metric in METRICS if metric.ranked))
# Profile fields that the table can be sorted by, besides measures.
PROFILE_SORTS = ("name", "category", "language")


@dataclass(frozen=True, slots=True)
class Rule:
    """A range for a measure; None means unbounded."""

    measure: str
    minimum: float | None
    maximum: float | None

    def holds(self, value: float | None) -> bool:
        """Return whether a value is in the range; a missing value never is."""
        if value is None:
            return False
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)


@dataclass(frozen=True, slots=True)
class Search:
    """Filters, sort order and page of the table.

    `range` is a key of PERIODS, or "" for live values. `languages` are names, `bands` keys; empty means all. `page`
    begins at 1. `errors` contains messages about malformed numbers and unknown values.
    """

    languages: tuple[str, ...] = ()
    category: str = ""
    bands: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    coverage: float = 0.0
    sort: str = DEFAULT_SORT
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    page: int = 1
    errors: tuple[str, ...] = ()
    range: str = ""

    def over(self, key: str) -> str:
        """Return the query string for another range, with its default columns and without measures that it lacks."""
        known = measures_of(key)
        return self.query(
            range=key,
            columns=default_columns(key),
            rules=tuple(rule for rule in self.rules if rule.measure in known),
            sort=self.sort if self.sorted_by in (*known, *PROFILE_SORTS) else DEFAULT_SORT,
        )

    @property
    def sorted_by(self) -> str:
        """The measure or profile field that the table is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def measures(self) -> set[str]:
        """All measures that the search needs for each channel."""
        return {*(rule.measure for rule in self.rules), *self.columns, *({self.sorted_by} - set(PROFILE_SORTS))}

    @property
    def filters(self) -> int:
        """The number of active filters."""
        return sum(map(bool, (self.languages, self.category, self.bands, self.coverage))) + len(self.rules)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the query parameters, without those that have their default values."""
        pairs = [("range", self.range)] if self.range else []
        pairs += [("language", name) for name in self.languages]
        pairs += [("category", self.category)] if self.category else []
        pairs += [("band", key) for key in self.bands]
        for number, rule in enumerate(self.rules, 1):
            pairs.append((f"m{number}", rule.measure))
            pairs += [(f"min{number}", format_number(rule.minimum))] if rule.minimum is not None else []
            pairs += [(f"max{number}", format_number(rule.maximum))] if rule.maximum is not None else []
        pairs += [("coverage", format_number(self.coverage))] if self.coverage else []
        pairs += [("sort", self.sort)] if self.sort != DEFAULT_SORT else []
        pairs += [("column", key) for key in self.columns] if self.columns != default_columns(self.range) else []
        return pairs + ([("page", str(self.page))] if self.page > 1 else [])

    def query(self, **changes: Any) -> str:
        """Return the query string with `changes` applied. The page is reset to 1 unless `changes` sets it."""
        return "?" + urlencode(replace(self, **{"page": 1} | changes).pairs())

    def by(self, measure: str) -> str:
        """Return the query string that sorts by a measure, or in reverse if the table is already sorted by it."""
        is_descending = measure not in PROFILE_SORTS
        if measure == self.sorted_by:
            is_descending = not self.is_descending
        return self.query(sort=f"-{measure}" if is_descending else measure)


def read_search(query: QueryDict) -> Search:
    """Parse a query string; unknown values are reported in `errors`. Numbers are accepted as people type them."""
    errors: list[str] = []
    chosen = read_choice(query, "range", tuple(PERIODS), "", errors)
    measures = measures_of(chosen)
    columns = _known(query, "column", measures, errors)
    bands = _known(query, "band", BAND, errors)
    return Search(
        # Searches saved while a language had no name contain its code.
        tuple(
            dict.fromkeys(
                language_name(one_line(text, LANGUAGE_NAME_MAX)) for text in query.getlist("language") if text
            )
        ),
        one_line(query.get("category", ""), CATEGORY_MAX),
        tuple(key for key in BAND if key in bands),
        tuple(_rules(query, measures, errors)),
        min(100.0, _number(query.get("coverage", ""), errors) or 0.0),
        _sort(query.get("sort", ""), measures, errors),
        tuple(dict.fromkeys(columns)) or default_columns(chosen),
        _page(query.get("page", "")),
        tuple(dict.fromkeys(errors)),
        chosen,
    )


def default_columns(range_key: str) -> tuple[str, ...]:
    """Return the columns that the table of a range shows by default."""
    return PERIOD_COLUMNS if range_key else DEFAULT_COLUMNS


def measures_of(range_key: str) -> tuple[str, ...]:
    """Return the measures of a range: a period has additional measures, but no excitement."""
    if not range_key:
        return MEASURES
    metrics = tuple(measure for measure in MEASURES if measure.removeprefix(PERCENTILE) != "excitement")
    return (*PERIOD_MEASURES, *metrics)


def read_saved(query: str) -> Search:
    """Parse a query string that `Search.pairs` wrote, in which numbers always use a decimal point."""
    pairs = [(name, _restored(name, text)) for name, text in parse_qsl(query.removeprefix("?")[:QUERY_MAX])]
    return read_search(QueryDict(urlencode(pairs)))


def describe_filters(search: Search) -> Iterator[tuple[str, str]]:
    """Yield each filter in words, with the query string that removes it from the search."""
    if search.languages:
        yield " or ".join(search.languages), search.query(languages=())
    if search.category:
        yield search.category, search.query(category="")
    if search.bands:
        yield " or ".join(BAND[key].label for key in search.bands) + " viewers", search.query(bands=())
    for rule in search.rules:
        others = tuple(other for other in search.rules if other is not rule)
        yield f"{measure_label(rule.measure)} {_between(rule)}", search.query(rules=others)
    if search.coverage:
        yield f"Coverage at least {format_number(search.coverage)}%", search.query(coverage=0.0)


def measure_label(measure: str) -> str:
    """Return the display name of a measure."""
    if measure in PERIOD_MEASURES:
        return PERIOD_MEASURES[measure][0]
    metric = METRIC[measure.removeprefix(PERCENTILE)]
    return f"{metric.name}, percentile" if measure.startswith(PERCENTILE) else metric.name


def measure_unit(measure: str, range_key: str = "") -> str:
    """Return the unit of a measure in a range, as it is displayed below the measure's name."""
    if measure in PERIOD_MEASURES:
        return PERIOD_MEASURES[measure][1]
    if measure.startswith(PERCENTILE):
        return "percentile, same size"
    return unit_beside_name(METRIC[measure], "minute" if range_key else "live")


def _known(query: QueryDict, name: str, choices: Collection[str], errors: list[str]) -> list[str]:
    """Return the known values of a repeated parameter."""
    texts = [text for text in query.getlist(name) if text]
    errors += [unknown_choice(name, text, choices) for text in texts if text not in choices]
    return [text for text in texts if text in choices]


def _sort(text: str, measures: Collection[str], errors: list[str]) -> str:
    choices = (*measures, *PROFILE_SORTS)
    if not text or text.removeprefix("-") in choices:
        return text or DEFAULT_SORT
    errors.append(unknown_choice("sort", text, choices))
    return DEFAULT_SORT


def _rules(query: QueryDict, measures: Collection[str], errors: list[str]) -> Iterator[Rule]:
    for number in range(1, RULES_MAX + 1):
        measure = read_choice(query, f"m{number}", measures, "", errors)
        minimum, maximum = (_number(query.get(f"{bound}{number}", ""), errors) for bound in ("min", "max"))
        if not measure or (minimum is None and maximum is None):
            continue
        if minimum is not None and maximum is not None and minimum > maximum:
            label = measure_label(measure)
            errors.append(
                f"{label}: the minimum {format_number(minimum)} is greater than the maximum {format_number(maximum)}."
            )
            continue
        yield Rule(measure, minimum, maximum)


def _between(rule: Rule) -> str:
    if rule.minimum is None:
        return f"up to {format_number(rule.maximum or 0.0)}"
    maximum = "" if rule.maximum is None else f" to {format_number(rule.maximum)}"
    return f"from {format_number(rule.minimum)}{maximum}"


def _restored(name: str, text: str) -> str:
    if not name.startswith(("min", "max", "coverage")):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return format_number(number) if math.isfinite(number) else text


def _page(text: str) -> int:
    page = parse_whole_number(text) or 1
    return page if page < PAGES_MAX else 1


def _number(text: str, errors: list[str]) -> float | None:
    """Parse a number that the user entered.

    Return None if it is empty or malformed; if malformed, append a message to `errors`.
    """
    if not text.strip():
        return None
    try:
        return parse_number(text)
    except InvalidNumber as error:
        errors.append(str(error))
        return None
