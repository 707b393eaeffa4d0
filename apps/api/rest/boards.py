"""Boards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.rest import response_schemas
from apps.api.rest.readings import running_readings
from apps.api.rest.request_schemas import BoardQuery
from apps.api.rest.responses import AN_HOUR, Answer, Table, moment
from apps.api.rest.view import TABLES, ApiView
from apps.api.scopes import Scope
from apps.live.board import BOARD_KEYS, SIZES
from apps.live.board import Board as Wanted
from apps.live.readings import Reading, Row
from apps.metrics.exports.formats import COVERAGE, Cell, ExportColumn
from apps.metrics.spans import iso
from core.errors import NotFound
from core.metrics.table import BOARDS, METRIC


class BoardListView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("list_boards", "The boards that there are", "Boards", responses=response_schemas.BoardList, tagged=True)
    async def get(self, _request: Request) -> Answer:
        names = ("label", "unit", "definition")
        items = [{"metric": one.key} | {name: getattr(one, name) for name in names} for one in BOARDS]
        return Answer({"items": items, "next": None}, AN_HOUR)


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
    async def get(self, _request: Request, metric: str) -> Answer:
        asked = self.query
        wanted = wanted_board(metric, asked)
        reading = await running_readings().of_board(wanted)
        rows = reading.rows[wanted][: asked["n"]]
        return Answer(board_document(wanted, reading, rows), table=board_table(wanted, rows))


def wanted_board(metric: str, asked: Mapping[str, Any]) -> Wanted:
    """Return the board to read: one of the sizes that others ask for too. Raises: NotFound."""
    if metric not in BOARD_KEYS:
        raise NotFound(f"There is no such board. There are {', '.join(BOARD_KEYS)}.")
    size = next(size for size in SIZES if size >= asked["n"])
    return Wanted(metric, size, asked.get("category", ""), asked.get("language", ""), asked.get("band", ""))


def board_document(wanted: Wanted, reading: Reading, rows: list[Row]) -> dict[str, Any]:
    metric = METRIC[wanted.metric]
    return {
        "metric": metric.key,
        "label": metric.label,
        "unit": metric.unit,
        "category": wanted.category,
        "language": wanted.language,
        "band": wanted.band,
        "newest_end": moment(reading.newest_end_ms),
        "viewers_at": moment(reading.viewers_at_ms),
        "late_dropped": reading.late_dropped,
        "rows": [_row(row) for row in rows],
    }


def board_table(wanted: Wanted, rows: list[Row]) -> Table:
    fields = [
        ExportColumn("rank"),
        ExportColumn("channel_id"),
        ExportColumn("login"),
        ExportColumn("name"),
        ExportColumn("category"),
        ExportColumn("language"),
        ExportColumn("value", METRIC[wanted.metric].unit),
        COVERAGE,
        ExportColumn("end", "UTC"),
        ExportColumn("state"),
        ExportColumn("moved"),
        ExportColumn("is_new"),
    ]

    def cells() -> list[list[Cell]]:
        found = [_row(row) | {"end": iso(row.end_ms)} for row in rows]
        return [[row[field.name] for field in fields] for row in found]

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
        "end": moment(row.end_ms),
        "state": row.state,
        "moved": row.moved,
        "is_new": row.is_new,
    }
