"""How a row of a board is written: the one place for pages, as static/js/rows.js and spark.js are for the script."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from apps.dashboard.templatetags.figures import age
from apps.live.readings import Row
from apps.live.recent_history import GAP, LEVELS

STEP = 2

register = template.Library()


@dataclass(frozen=True, slots=True)
class Move:
    """How far a row has risen or fallen within a minute: the sign, its words for those who do not see it, its class."""

    sign: str = ""
    words: str = ""
    css: str = ""


@register.simple_tag
def move(row: Row) -> Move:
    """Return a row's move; nothing where nobody remembers."""
    if row.is_new:
        return Move("new", "new within a minute", "is-new")
    if not row.moved:
        return Move("–" if row.moved == 0 else "")
    places = f"{abs(row.moved)} {'place' if abs(row.moved) == 1 else 'places'} within a minute"
    if row.moved > 0:
        return Move(f"▲ {row.moved}", f"up {places}", "is-up")
    return Move(f"▼ {-row.moved}", f"down {places}", "is-down")


@register.filter
def place(row: Row) -> str:
    """Return the category and language of a row."""
    return " · ".join(part for part in (row.category, row.language) if part)


@register.simple_tag
def state_words(row: Row, newest_end_ms: int) -> str:
    """Return what is odd about a row; nothing for one that is live."""
    if row.state == "stale":
        return f"stale {age(row.end_ms, newest_end_ms)}"
    return "" if row.state == "live" else row.state


@register.simple_tag
def spark_path(levels: str) -> str:
    """Return the path of a sparkline in a box of 60 by 36; a moment without a value breaks the line."""
    path, before = "", GAP
    for at, level in enumerate(levels):
        if level != GAP:
            path += f"{'M' if before == GAP else 'L'}{at * STEP} {len(LEVELS) - LEVELS.index(level)}"
        # A moment between two gaps is a dot.
        if level != GAP and before == GAP and levels[at + 1 : at + 2] in ("", GAP):
            path += "h0"
        before = level
    return path
