"""Endpoints of boards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.rest import response_schemas
from apps.api.rest.request_schemas import BoardQuery
from apps.api.rest.responses import ONE_HOUR, ApiResponse, Table, utc_datetime
from apps.api.rest.view import TABLES, ApiView
from apps.api.scopes import Scope
from apps.live.board import BOARD_KEYS, SIZES, Board
from apps.live.readings import Reading, Row
from apps.metrics.exports.formats import COVERAGE, Cell, ExportColumn
from apps.metrics.spans import iso
from core.errors import NotFound
from core.metrics.table import BOARDS, METRIC


class BoardListView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("list_boards", "The boards that there are", "Boards", responses=response_schemas.BoardList, etag=True)
    async def get(self, _request: Request) -> ApiResponse:
        names = ("label", "unit", "definition")
        items = [{"metric": board.key} | {name: getattr(board, name) for name in names} for board in BOARDS]
        return ApiResponse({"items": items, "next": None}, ONE_HOUR)


class BoardView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}
    renderer_classes = TABLES

    @operation(
        "get_board",
        "The best channels by a metric, now",
        "Boards",
        query=BoardQuery,
        responses=response_schemas.Board,
        description="Ranked by the values in the answer; of equal values the greater channel id, compared as text, "
        "comes first. Requests within the same second share one reading.",
    )
    async def get(self, _request: Request, metric: str) -> ApiResponse:
        board = requested_board(metric, self.query)
        reading = await self.services.readings.of_board(board)
        rows = reading.rows[board][: self.query["n"]]
        return ApiResponse(board_document(board, reading, rows), table=board_table(board, rows))


def requested_board(metric: str, query: Mapping[str, Any]) -> Board:
    """Return the board to read, in one of the few sizes that clients share. Raises: NotFound."""
    if metric not in BOARD_KEYS:
        raise NotFound(f"There is no such board. There are {', '.join(BOARD_KEYS)}.")
    size = next(size for size in SIZES if size >= query["n"])
    return Board(metric, size, query.get("category", ""), query.get("language", ""), query.get("band", ""))


def board_document(board: Board, reading: Reading, rows: list[Row]) -> dict[str, Any]:
    metric = METRIC[board.metric]
    return {
        "metric": metric.key,
        "label": metric.label,
        "unit": metric.unit,
        "category": board.category,
        "language": board.language,
        "band": board.band,
        "newest_end": utc_datetime(reading.newest_end_ms),
        "viewers_at": utc_datetime(reading.viewers_at_ms),
        "late_dropped": reading.late_dropped,
        "rows": [_row(row) for row in rows],
    }


def board_table(board: Board, rows: list[Row]) -> Table:
    fields = [
        ExportColumn("rank"),
        ExportColumn("channel_id"),
        ExportColumn("login"),
        ExportColumn("name"),
        ExportColumn("category"),
        ExportColumn("language"),
        ExportColumn("value", METRIC[board.metric].unit),
        COVERAGE,
        ExportColumn("end", "UTC"),
        ExportColumn("state"),
        ExportColumn("moved"),
        ExportColumn("is_new"),
    ]

    def cells() -> list[list[Cell]]:
        values = [_row(row) | {"end": iso(row.end_ms)} for row in rows]
        return [[row[field.name] for field in fields] for row in values]

    return Table(fields, cells)


def _row(row: Row) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "channel_id": row.id,
        "login": row.login,
        "name": row.name,
        "category": row.category,
        "language": row.language,
        "value": row.value,
        "coverage": row.coverage,
        "end": utc_datetime(row.end_ms),
        "state": row.state,
        "moved": row.moved,
        "is_new": row.is_new,
    }
