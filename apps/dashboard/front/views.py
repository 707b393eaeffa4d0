"""The front page for visitors without an account: the purpose of Twitchly, and a small live board."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from apps.dashboard.choices import Choice
from apps.dashboard.front.board import REFRESH_MS, ROWS, rendered_board
from apps.dashboard.queries import read_live
from apps.live.display import row_display
from apps.live.services import LiveServices, services_of
from core.metrics.table import METRIC
from twitchly.clock import now_ms


def front_page(request: HttpRequest) -> HttpResponse:
    """Render the page with the newest board, so that it is complete without JavaScript."""
    return render(
        request, "dashboard/front.html", {"board": front_board(services_of(request)), "refresh_ms": REFRESH_MS}
    )


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Return the board alone, which is the same for everybody; the page's script requests it every 2 s."""
    response = HttpResponse(front_board(services_of(request)))
    response["Cache-Control"] = f"public, max-age={REFRESH_MS // 1000}"
    return response


def front_board(live: LiveServices) -> str:
    """Return the HTML of the board."""
    now = now_ms()
    return rendered_board.read(now, lambda: _render(live, now))


def _render(live: LiveServices, now: int) -> str:
    choice = Choice()
    metric, (reading, _) = choice.board.metric, read_live(live.boards, choice, now)
    rows = (
        [(row, row_display(row, metric, reading.newest_end_ms)) for row in reading.rows[choice.board][:ROWS]]
        if reading
        else []
    )
    context = {"metric": METRIC[metric], "rows": rows, "is_away": reading is None}
    return render_to_string("dashboard/_front_board.html", context)
