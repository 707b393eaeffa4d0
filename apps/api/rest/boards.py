"""Board endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.rest.paging import Page
from apps.api.rest.request_schemas import BoardQuery
from apps.api.rest.response_schemas import boards as schemas
from apps.api.rest.responses import ONE_HOUR, ApiResponse, Table
from apps.api.rest.view import TABLES, ApiView
from apps.api.scopes import Scope
from apps.channels.languages import language_name
from apps.live.board import BOARD_KEYS, FILTERS, SIZES, Board
from apps.live.readings import Reading, Row
from apps.metrics.exports.formats import COVERAGE, Cell, ExportColumn
from apps.metrics.spans import iso
from core.errors import NotFound
from core.metrics.table import BOARDS, METRIC, Metric


@dataclass(frozen=True, slots=True)
class RankedChannels:
    """The rows of a board, with the reading that they come from."""

    board: Board
    metric: Metric
    reading: Reading
    rows: Sequence[Row]

    @property
    def language_name(self) -> str:
        return language_name(self.board.language)


class BoardListView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("list_boards", "List boards", "Boards", responses=schemas.BoardList, etag=True)
    async def get(self, _request: Request) -> ApiResponse:
        return ApiResponse(schemas.BoardList.produce(Page(BOARDS)), ONE_HOUR)


class BoardView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}
    renderer_classes = TABLES

    @operation(
        "get_board",
        "Get a board",
        "Boards",
        query=BoardQuery,
        responses=schemas.Board,
        description="Channels are ranked by the values in the response. Ties are broken by channel ID, compared as "
        "text: the greater one comes first. Requests within the same second get the same data.",
    )
    async def get(self, _request: Request, metric: str) -> ApiResponse:
        board = requested_board(metric, self.query)
        reading = await self.services.readings.of_board(board)
        rows = reading.rows[board][: self.query["n"]]
        document = schemas.Board.produce(RankedChannels(board, METRIC[metric], reading, rows))
        return ApiResponse(document, table=board_table(board, rows))


def requested_board(metric: str, query: Mapping[str, Any]) -> Board:
    """Return the board to read, with its size rounded up so that requests share readings. Raises: NotFound."""
    if metric not in BOARD_KEYS:
        raise NotFound(f"Unknown board. Choose one of {', '.join(BOARD_KEYS)}.")
    size = next(size for size in SIZES if size >= query["n"])
    return Board(metric, size, *(query.get(name, "") for name in FILTERS))


def board_table(board: Board, rows: list[Row]) -> Table:
    fields = [
        ExportColumn("rank"),
        ExportColumn("channel_id"),
        ExportColumn("login"),
        ExportColumn("name"),
        ExportColumn("category"),
        ExportColumn("language"),
        ExportColumn("language_name"),
        ExportColumn("value", METRIC[board.metric].unit),
        COVERAGE,
        ExportColumn("end", "UTC"),
        ExportColumn("state"),
        ExportColumn("moved"),
        ExportColumn("is_new"),
    ]

    def cells() -> list[list[Cell]]:
        values = [schemas.BoardRow.produce(row) | {"end": iso(row.end_ms)} for row in rows]
        return [[row[field.name] for field in fields] for row in values]

    return Table(fields, cells)
