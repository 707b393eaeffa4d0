"""Finds text that overlaps, is cut off or leaves its box on an open page, in several widths and both themes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

WIDTHS = (1440, 1024, 768, 390)
HEIGHT = 900
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCRIPT = Path(__file__).with_name("layout_faults.js").read_text()
TEXT_MAX = 60


def layout_faults(page: Page, name: str) -> Iterator[str]:
    """Yield the faults of a page called `name`, in each width and theme, without reloading it."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            for fault in page.evaluate(SCRIPT):
                yield f"{name}, {width} px, {theme}: {fault['kind']}: {_describe(fault['parts'])}"


def _describe(parts: Sequence[Mapping[str, Any]]) -> str:
    return " / ".join(f"{_quote(part['text'])}{part['where']} ({_size(part['edges'])})" for part in parts)


def _quote(text: str) -> str:
    return f"“{text[:TEXT_MAX]}” " if text else ""


def _size(edges: Mapping[str, Sequence[float]]) -> str:
    """Return the edges in px, such as `x 12 to 80, y 100 to 118`."""
    return ", ".join(f"{axis} {start:.0f} to {end:.0f}" for axis, (start, end) in edges.items())
