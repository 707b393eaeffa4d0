"""The channels of a board: those that pass its filters, ranked by the values that are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from apps.live.board import Board
from apps.live.directory import Directory
from apps.metrics.board_reader import BoardRankings, LiveValues
from core.metrics.bands import BAND
from core.metrics.ranking import Entry, age_of, rank

# Values are read a moment after the ranking. The channels behind the last row take the place of those that fell since.
SPARE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Candidates:
    """The channels whose values decide about a board, and `among`, those that its filters let through; None: all."""

    channel_ids: set[str]
    among: Collection[str] | None


class Rankings:
    """Chooses and orders the channels of boards."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def asked(self, boards: Collection[Board]) -> dict[str, int | None]:
        """Return how much of each sorted set has to be read: all of it where only some channels count."""
        asked: dict[str, int | None] = {}
        for board in boards:
            known = asked.get(board.metric, 0)
            # Channels that are not shown may still be ranked above the others.
            size = board.size + SPARE_ROWS + len(self._directory.barred)
            asked[board.metric] = None if board.is_filtered or known is None else max(known, size)
        if any(board.band for board in boards):
            asked["viewers"] = None
        return asked

    def candidates(self, board: Board, rankings: BoardRankings) -> Candidates:
        """Return the channels that may be on a board."""
        among = self._among(board, rankings)
        barred = self._directory.barred
        ranked = (channel_id for channel_id, _ in rankings.ranked[board.metric] if channel_id not in barred)
        best = [channel_id for channel_id in ranked if among is None or channel_id in among]
        return Candidates(set(best[: board.size + SPARE_ROWS]), among)

    def order(
        self, board: Board, candidates: Candidates, values: Mapping[str, LiveValues], newest_end_ms: int | None
    ) -> tuple[str, ...]:
        """Return the channels of a board, ordered by the very values that its rows show."""
        if newest_end_ms is None:
            return ()
        entries = (
            Entry(channel_id, values[channel_id].values[board.metric])
            for channel_id in candidates.channel_ids & values.keys()
            if _is_ranked(board, values[channel_id], newest_end_ms)
        )
        return rank(entries, board.size)

    def _among(self, board: Board, rankings: BoardRankings) -> Collection[str] | None:
        if not board.is_filtered:
            return None
        among = self._directory.matching(board.category, board.language)
        if not board.band:
            return among
        band = BAND[board.band]
        return {i for i, viewers in rankings.ranked["viewers"] if i in among and band.holds(viewers)}


def _is_ranked(board: Board, live: LiveValues, newest_end_ms: int) -> bool:
    if board.metric not in live.values or board.metric in live.unranked:
        return False
    if board.band and not BAND[board.band].holds(live.values.get("viewers", -1)):
        return False
    return age_of(live.end_ms, newest_end_ms) != "gone"
