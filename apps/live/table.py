"""The live channels that a search finds, in its order. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.live.readings import ChannelNow
from apps.live.search import NAMED, PAGE_SIZE, PERCENTILE, Search
from core.metrics.bands import Band, band_of
from core.metrics.percentiles import percentiles

Measures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Found:
    """A channel with the measures that were asked for; `band` is None while its viewers are not known."""

    channel: ChannelNow
    band: Band | None
    measures: Measures


@dataclass(frozen=True, slots=True)
class Table:
    """One page of what was found, `total` in all, out of `live` channels; rows are counted from `first`, from 1."""

    rows: list[Found]
    first: int
    total: int
    live: int

    @property
    def last(self) -> int:
        """The number of the last row of the page."""
        return self.first + len(self.rows) - 1


def table_of(search: Search, channels: Iterable[ChannelNow]) -> Table:
    """Return the page of the search."""
    everybody = list(channels)
    found = ordered(search, everybody)
    last_page = max(1, -(-len(found) // PAGE_SIZE))
    first = (min(search.page, last_page) - 1) * PAGE_SIZE
    return Table(found[first : first + PAGE_SIZE], first + 1, len(found), len(everybody))


def ordered(search: Search, channels: Iterable[ChannelNow]) -> list[Found]:
    """Return all that fit, in order; those without a value come last, and of equals the one with more viewers first."""
    fitting = [row for row in measured(search, list(channels)) if _fits(search, row)]
    fitting.sort(key=lambda row: (-(row.channel.values.get("viewers") or 0), row.channel.profile.name.casefold()))
    by = search.sorted_by
    if by in NAMED:
        fitting.sort(key=lambda row: str(getattr(row.channel.profile, by)).casefold(), reverse=search.is_descending)
        return fitting
    known = [row for row in fitting if row.measures[by] is not None]
    known.sort(key=lambda row: row.measures[by] or 0.0, reverse=search.is_descending)
    return [*known, *(row for row in fitting if row.measures[by] is None)]


def measured(search: Search, channels: list[ChannelNow]) -> list[Found]:
    """Return each channel with what the search asks of it."""
    wanted = search.measures
    ranks = {m: _percentiles(m.removeprefix(PERCENTILE), channels) for m in wanted if m.startswith(PERCENTILE)}
    return [
        Found(
            channel,
            _band(channel),
            {m: ranks[m].get(channel.profile.id) if m in ranks else value_of(channel, m) for m in wanted},
        )
        for channel in channels
    ]


def value_of(channel: ChannelNow, metric: str) -> float | None:
    """Return a metric as the table shows it: nothing counts as 0 that nobody listened to."""
    is_known = metric in ("viewers", "coverage") or channel.coverage_of(metric) > 0
    return channel.values.get(metric) if is_known else None


def _fits(search: Search, row: Found) -> bool:
    profile = row.channel.profile
    return (
        (not search.languages or profile.language in search.languages)
        and (not search.category or profile.category.casefold() == search.category.casefold())
        and (not search.bands or (row.band is not None and row.band.key in search.bands))
        and row.channel.coverage * 100 >= search.coverage
        and all(rule.holds(row.measures[rule.measure]) for rule in search.rules)
    )


def _band(channel: ChannelNow) -> Band | None:
    viewers = channel.values.get("viewers")
    return None if viewers is None else band_of(viewers)


def _percentiles(metric: str, channels: Iterable[ChannelNow]) -> dict[str, int]:
    """Return each ranked channel's percentile among those of its size."""
    groups: dict[str, dict[str, float]] = defaultdict(dict)
    for channel in channels:
        band, value = _band(channel), value_of(channel, metric)
        if band is not None and value is not None and metric not in channel.unranked:
            groups[band.key][channel.profile.id] = value
    return {channel_id: percent for group in groups.values() for channel_id, percent in percentiles(group).items()}
