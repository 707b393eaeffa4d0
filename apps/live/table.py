"""The table of live channels: filters, measures and sorts the channels for a search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.live.readings import ChannelNow
from apps.live.search import PAGE_SIZE, PERCENTILE, PERIOD_MEASURES, PROFILE_SORTS, Search
from core.metrics.bands import Band, band_of
from core.metrics.percentiles import percentiles
from core.metrics.table import is_known

Measures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class TableRow:
    """A channel with the measures of a search; `band` is None while its viewer count is unknown."""

    channel: ChannelNow
    band: Band | None
    measures: Measures


@dataclass(frozen=True, slots=True)
class Table:
    """One page of a search: `total` of `live` channels match, and `first` is the number of its first row, from 1."""

    rows: list[TableRow]
    first: int
    total: int
    live: int

    @property
    def last(self) -> int:
        """The number of the last row on the page."""
        return self.first + len(self.rows) - 1


def search_page(search: Search, channels: Iterable[ChannelNow]) -> Table:
    """Return the requested page of a search, or the last page if there are fewer."""
    live = list(channels)
    rows = matching_rows(search, live)
    last_page = max(1, -(-len(rows) // PAGE_SIZE))
    first = (min(search.page, last_page) - 1) * PAGE_SIZE
    return Table(rows[first : first + PAGE_SIZE], first + 1, len(rows), len(live))


def matching_rows(search: Search, channels: Iterable[ChannelNow]) -> list[TableRow]:
    """Return the matching channels in order. Those without a value come last; ties are ordered by viewers."""
    rows = [row for row in measure_channels(search, list(channels)) if _matches(search, row)]
    rows.sort(key=lambda row: (-(row.channel.values.get("viewers") or 0), row.channel.profile.name.casefold()))
    sort_key = search.sorted_by
    if sort_key in PROFILE_SORTS:
        field = "language_name" if sort_key == "language" else sort_key
        rows.sort(key=lambda row: str(getattr(row.channel.profile, field)).casefold(), reverse=search.is_descending)
        return rows
    known = [row for row in rows if row.measures[sort_key] is not None]
    known.sort(key=lambda row: row.measures[sort_key] or 0.0, reverse=search.is_descending)
    return [*known, *(row for row in rows if row.measures[sort_key] is None)]


def measure_channels(search: Search, channels: list[ChannelNow]) -> list[TableRow]:
    """Return each channel with the measures that the search needs."""
    measures = search.measures
    percentiles_by_measure = {
        m: _percentiles(m.removeprefix(PERCENTILE), channels) for m in measures if m.startswith(PERCENTILE)
    }
    return [
        TableRow(
            channel,
            _band(channel),
            {
                m: percentiles_by_measure[m].get(channel.profile.id)
                if m in percentiles_by_measure
                else value_of(channel, m)
                for m in measures
            },
        )
        for channel in channels
    ]


def value_of(channel: ChannelNow, metric: str) -> float | None:
    """Return a metric's value, or None if the channel was not heard, because unheard time is unknown, not 0."""
    if metric in PERIOD_MEASURES:
        return channel.values.get(metric)
    return channel.values.get(metric) if is_known(metric, channel.coverage_of(metric)) else None


def _matches(search: Search, row: TableRow) -> bool:
    profile = row.channel.profile
    return (
        (not search.languages or profile.language_name in search.languages)
        and (not search.category or profile.category.casefold() == search.category.casefold())
        and (not search.bands or (row.band is not None and row.band.key in search.bands))
        and row.channel.coverage * 100 >= search.coverage
        and all(rule.holds(row.measures[rule.measure]) for rule in search.rules)
    )


def _band(channel: ChannelNow) -> Band | None:
    viewers = channel.values.get("viewers")
    return None if viewers is None else band_of(viewers)


def _percentiles(metric: str, channels: Iterable[ChannelNow]) -> dict[str, int]:
    """Return each ranked channel's percentile among channels of the same size."""
    groups: dict[str, dict[str, float]] = defaultdict(dict)
    for channel in channels:
        band, value = _band(channel), value_of(channel, metric)
        if band is not None and value is not None and metric not in channel.unranked:
            groups[band.key][channel.profile.id] = value
    return {channel_id: percent for group in groups.values() for channel_id, percent in percentiles(group).items()}
