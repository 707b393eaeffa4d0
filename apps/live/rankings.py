"""Board rankings: the channels that pass a board's filters, ranked by the values that its rows show."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from apps.live.board import Board
from apps.live.directory import Directory
from apps.metrics.board_reader import BoardRankings, LiveValues
from core.metrics.bands import BAND
from core.metrics.ranking import Entry, age_of, rank

# Values are read shortly after the ranking. Spare channels replace those whose values have dropped in between.
SPARE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Candidates:
    """The channels whose values are read for a board. `eligible` contains all that pass its filters; None means all."""

    channel_ids: set[str]
    eligible: Collection[str] | None


class Rankings:
    """Selects and orders the channels of boards."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def read_limits(self, boards: Collection[Board]) -> dict[str, int | None]:
        """Return the number of entries to read from each sorted set; None means all, which filtered boards need."""
        limits: dict[str, int | None] = {}
        for board in boards:
            limit = limits.get(board.key, 0)
            # Excluded channels may still be ranked above the others.
            size = board.size + SPARE_ROWS + len(self._directory.excluded)
            limits[board.key] = None if board.is_filtered or limit is None else max(limit, size)
        if any(board.band for board in boards):
            limits["viewers"] = None
        return limits

    def candidates(self, board: Board, rankings: BoardRankings) -> Candidates:
        """Return the channels that may be on a board."""
        eligible = self._eligible_ids(board, rankings)
        excluded = self._directory.excluded
        ranked = (channel_id for channel_id, _ in rankings.ranked[board.key] if channel_id not in excluded)
        top = [channel_id for channel_id in ranked if eligible is None or channel_id in eligible]
        return Candidates(set(top[: board.size + SPARE_ROWS]), eligible)

    def order(
        self,
        board: Board,
        candidates: Candidates,
        values: Mapping[str, LiveValues],
        live: Mapping[str, LiveValues],
        newest_end_ms: int | None,
    ) -> tuple[str, ...]:
        """Return the channels of a board, ordered by the values that its rows show.

        `values` come from the board's window, `live` from the newest live windows.
        """
        if newest_end_ms is None:
            return ()
        entries = (
            Entry(channel_id, values[channel_id].values[board.metric])
            for channel_id in candidates.channel_ids & values.keys() & live.keys()
            if _is_ranked(board, values[channel_id], live[channel_id], newest_end_ms)
        )
        return rank(entries, board.size)

    def _eligible_ids(self, board: Board, rankings: BoardRankings) -> Collection[str] | None:
        if not board.is_filtered:
            return None
        eligible = self._directory.matching(board.category, board.language)
        if not board.band:
            return eligible
        band = BAND[board.band]
        return {i for i, viewers in rankings.ranked["viewers"] if i in eligible and band.contains(viewers)}


def _is_ranked(board: Board, values: LiveValues, live: LiveValues, newest_end_ms: int) -> bool:
    if board.metric not in values.values or board.metric in values.unranked:
        return False
    if board.band and not BAND[board.band].contains(live.values.get("viewers", -1)):
        return False
    return age_of(live.end_ms, newest_end_ms) != "gone"
