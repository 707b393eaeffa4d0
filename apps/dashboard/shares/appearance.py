"""The appearance of widgets and overlays: theme and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.inputs.choices import read_choice

THEMES = ("light", "dark")
# The query parameter is not "size", which is the number of channels on a board.
SIZE = "widget_size"
# The width and height of a widget's frame, in px.
SIZES: Mapping[str, tuple[int, int]] = {"small": (240, 170), "medium": (320, 220), "large": (480, 320)}
DEFAULT_SIZE = "medium"


@dataclass(frozen=True, slots=True)
class Appearance:
    """The theme and size; `theme` is "" for the viewer's own theme."""

    theme: str = ""
    size: str = DEFAULT_SIZE

    def fields(self) -> dict[str, str]:
        """Return the query parameters that differ from the default."""
        return ({"theme": self.theme} if self.theme else {}) | ({SIZE: self.size} if self.size != DEFAULT_SIZE else {})


def read_appearance(fields: Mapping[str, str], errors: list[str]) -> Appearance:
    """Parse the parameters; unknown values become defaults and are reported in `errors`."""
    return Appearance(
        read_choice(fields, "theme", THEMES, "", errors),
        read_choice(fields, SIZE, tuple(SIZES), DEFAULT_SIZE, errors),
    )
