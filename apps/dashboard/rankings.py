"""Who stands on a board: of those that its filters let through the best, in an order that stands for 2 s."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from apps.dashboard.choices import Board
from apps.dashboard.directory import Directory
from apps.metrics.board_reader import LiveValues, Standings
from core.bands import BAND
from core.ranking import Entry, Order, age_of, next_order

# As many orders are kept; that of a board nobody has looked at for longest is forgotten first.
ORDERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Field:
    """The channels that a board is made of: the best of now with those still shown, and who may be on it at all.

    `among` is None where every channel may.
    """

    candidates: set[str]
    among: Collection[str] | None


class Rankings:
    """The orders of the boards that are looked at; one instance, one order for all who look."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._orders: dict[Board, Order] = {}

    def asked(self, boards: Collection[Board]) -> dict[str, int | None]:
        """Return how much of each sorted set has to be read: all of it where only some channels count."""
        asked: dict[str, int | None] = {}
        for board in boards:
            known = asked.get(board.metric, 0)
            # Those who are not to be found may still stand above the others.
            size = board.size + len(self._directory.barred)
            asked[board.metric] = None if board.is_filtered or known is None else max(known, size)
        if any(board.band for board in boards):
            asked["viewers"] = None
        return asked

    def field(self, board: Board, standings: Standings) -> Field:
        """Return who may stand on a board; a row that is held needs its values too."""
        among = self._among(board, standings)
        barred = self._directory.barred
        ranked = (channel_id for channel_id, _ in standings.ranked[board.metric] if channel_id not in barred)
        best = [channel_id for channel_id in ranked if among is None or channel_id in among][: board.size]
        return Field({*best, *self.order(board)}, among)

    def reorder(
        self, board: Board, field: Field, values: Mapping[str, LiveValues], newest_end_ms: int | None, now_ms: int
    ) -> None:
        """Bring a board into the order to show now."""
        entries = [
            Entry(channel_id, values[channel_id].values[board.metric])
            for channel_id in field.candidates & values.keys()
            if newest_end_ms is not None
            and _may_stand(board.metric, values[channel_id], newest_end_ms)
            and (field.among is None or channel_id in field.among)
        ]
        order = next_order(self._orders.pop(board, Order()), entries, board.size, now_ms)
        self._orders[board] = order
        while len(self._orders) > ORDERS_MAX:
            del self._orders[next(iter(self._orders))]

    def order(self, board: Board) -> tuple[str, ...]:
        """Return the channels of a board, best first."""
        return self._orders.get(board, Order()).channel_ids

    def _among(self, board: Board, standings: Standings) -> Collection[str] | None:
        if not board.is_filtered:
            return None
        among = self._directory.matching(board.category, board.language)
        if not board.band:
            return among
        band = BAND[board.band]
        return {i for i, viewers in standings.ranked["viewers"] if i in among and band.holds(viewers)}


def _may_stand(metric: str, live: LiveValues, newest_end_ms: int) -> bool:
    return metric in live.values and metric not in live.unranked and age_of(live.end_ms, newest_end_ms) != "gone"
